// SPDX-License-Identifier: MIT
#include "rsa_keygen/report.hpp"

#include "catch.hpp"
#include "rsa_keygen/earlier_keys.hpp"
#include "rsa_keygen/rate.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using rsa_keygen::estimate;
using rsa_keygen::key_result;
using rsa_keygen::run_figures;

namespace {

key_result made_on(std::int32_t rank, const std::string& host, double seconds) {
  key_result key;
  key.bits = 2048;
  key.fingerprint = std::string(64, static_cast<char>('a' + rank));
  key.rank = rank;
  key.host = host;
  key.cores = 2;
  key.seconds = seconds;
  return key;
}

run_figures run_on(std::int32_t ranks, double seconds, const std::string& crowded = {}) {
  return {.keys = 60,
          .made = 60,
          .bits = 1024,
          .ranks = ranks,
          .seconds = seconds,
          .rate = {.value = 60 / seconds, .log_margin = 0.1},
          .crowded_host = crowded};
}

}  // namespace

TEST_CASE("the interval of a rate is that of the mean key time") {
  // Mean 3, deviation sqrt(2.5), and t(0.975; 4) = 2.776445 in the tables.
  const std::vector<double> seconds{1, 2, 3, 4, 5};
  const estimate rate = rsa_keygen::key_rate(seconds, 10);
  CHECK(rate.value == Approx(0.5));
  CHECK(rate.log_margin == Approx(2.776445 * std::sqrt(2.5) / (3 * std::sqrt(5.0))));
  CHECK(rate.low() == Approx(0.5 * std::exp(-rate.log_margin)));
  CHECK(rate.high() == Approx(0.5 * std::exp(rate.log_margin)));
}

TEST_CASE("one key gives a rate without an interval") {
  const std::vector<double> seconds{2};
  const estimate rate = rsa_keygen::key_rate(seconds, 2);
  CHECK(rate.value == Approx(0.5));
  CHECK_FALSE(rate.has_interval());
  CHECK(rsa_keygen::with_interval(rate) == "0.50");
  CHECK(rsa_keygen::interval_members(rate, "rate") == R"("rate_low":null,"rate_high":null)");
}

TEST_CASE("the interval of a speed-up holds what both runs are uncertain of") {
  const estimate gain =
      rsa_keygen::speed_up({.value = 6, .log_margin = 0.3}, {.value = 3, .log_margin = 0.4});
  CHECK(gain.value == Approx(2));
  CHECK(gain.log_margin == Approx(0.5));
}

TEST_CASE("a host is crowded if more ranks made keys there than it has cores") {
  std::vector<key_result> keys{
      made_on(0, "pi1", 1), made_on(1, "pi1", 1), made_on(2, "pi2", 1), made_on(1, "pi1", 1)};
  CHECK(rsa_keygen::crowded_host(keys).empty());
  keys.push_back(made_on(3, "pi1", 1));
  CHECK(rsa_keygen::crowded_host(keys) == "pi1");
  CHECK(rsa_keygen::crowded_host({}).empty());
}

TEST_CASE("the table of keys") {
  const std::vector<key_result> keys{made_on(0, "pi001", 0.25), made_on(1, "pi2", 1.5)};
  CHECK(rsa_keygen::key_table(keys) ==
        "  index  bits  fingerprint (SHA-256 of the public key's DER)                     rank  "
        "host     time/s\n"
        "      0  2048  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa     0  "
        "pi001     0.250\n"
        "      1  2048  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb     1  "
        "pi2       1.500\n");
  CHECK(
      rsa_keygen::key_lines(keys) ==
      R"({"index":0,"bits":2048,"fingerprint":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","rank":0,"host":"pi001","seconds":0.250000})"
      "\n"
      R"({"index":1,"bits":2048,"fingerprint":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","rank":1,"host":"pi2","seconds":1.500000})"
      "\n");
}

TEST_CASE("the figures of a run") {
  const std::vector<key_result> keys{made_on(0, "pi1", 1), made_on(1, "pi1", 1)};
  const run_figures run = rsa_keygen::figures(keys, 2, 1.25);
  CHECK(run.keys == 2);
  CHECK(run.bits == 2048);
  CHECK(run.rate.value == Approx(1.6));
  CHECK(rsa_keygen::summary(run_on(2, 5)) ==
        "60 keys of 1024 bits in 5.00 s on 2 ranks: 12.00 (10.86 to 13.26) keys/s with its 95 % "
        "interval\n");
  CHECK(
      rsa_keygen::summary_json(run_on(2, 5)) ==
      R"({"keys":60,"bits":1024,"ranks":2,"made":60,"seconds":5.000000,"keys_per_second":12.0000,)"
      R"("keys_per_second_low":10.8580,"keys_per_second_high":13.2621})"
      "\n");
}

TEST_CASE("the figures of a resumed run are those of the keys that it made") {
  run_figures some = run_on(2, 5);
  some.made = 20;
  some.rate = {.value = 4, .log_margin = 0.1};
  CHECK(rsa_keygen::summary(some) ==
        "60 keys of 1024 bits, 20 of them made in 5.00 s on 2 ranks: 4.00 (3.62 to 4.42) keys/s "
        "with its 95 % interval\n");
  run_figures none = rsa_keygen::figures({}, 2, 0.001);
  none.keys = 60;
  none.bits = 1024;
  CHECK(rsa_keygen::summary(none) == "60 keys of 1024 bits, all from the journal\n");
  CHECK(rsa_keygen::summary_json(none) ==
        R"({"keys":60,"bits":1024,"ranks":2,"made":0,"seconds":0.001000,"keys_per_second":null,)"
        R"("keys_per_second_low":null,"keys_per_second_high":null})"
        "\n");
}

TEST_CASE("an earlier job's key counts while its file is where it was made") {
  rsa_keygen::earlier_keys earlier({{"pi1", {0, 2}}, {"pi1", {0, 2}}, {"pi2", {}}});
  const auto counts = [&](std::uint64_t index, const char* host) {
    return earlier.still_counts(index, made_on(0, host, 1));
  };
  CHECK(counts(0, "pi1"));
  CHECK_FALSE(counts(1, "pi1"));
  CHECK_FALSE(counts(2, "pi2"));
  CHECK(counts(3, "pi3"));  // nobody can look
  CHECK(earlier.holds(0));
  CHECK_FALSE(earlier.holds(1));
  CHECK_FALSE(earlier.holds(2));
  CHECK(earlier.holds(3));
  CHECK(earlier.notes() ==
        "rsa_keygen: the private file of key 1 is gone from pi1: the key is made again\n"
        "rsa_keygen: the private file of key 2 is gone from pi2: the key is made again\n"
        "rsa_keygen: 1 key was made by pi3, which has no rank in this job: not looked for\n");
}

TEST_CASE("the table of speed-ups stands beside the paper's and shows none past the cores") {
  const std::vector<run_figures> runs{
      run_on(1, 10), run_on(2, 5), run_on(3, 4, "pi1"), run_on(4, 4, "pi1")};
  CHECK(rsa_keygen::speed_up_table(runs) ==
        "ranks    time/s  keys/s (95 %)              speed-up (95 %)      efficiency  paper/s  "
        "paper speed-up\n"
        "    1     10.00  6.00 (5.43 to 6.63)        1.00                       1.00    133.9      "
        "      1.00\n"
        "    2      5.00  12.00 (10.86 to 13.26)     2.00 (1.74 to 2.30)        1.00     48.0      "
        "      2.79\n"
        "    3      4.00  15.00 (13.57 to 16.58)     oversubscribed                -     29.7      "
        "      4.51\n"
        "    4      4.00  15.00 (13.57 to 16.58)     oversubscribed                -        -      "
        "         -\n"
        "oversubscribed: more ranks than cores on pi1; no speed-up is shown\n"
        "paper: on 1, 2 and 3 Raspberry Pi boards. Key times vary by chance: a speed-up that is\n"
        "more than linear, as there, is chance or a baseline that repeated work.\n");
  const std::string lines = rsa_keygen::speed_up_lines(runs);
  CHECK(
      lines.substr(0, lines.find('\n')) ==
      R"({"ranks":1,"seconds":10.000000,"keys_per_second":6.0000,"keys_per_second_low":5.4290,)"
      R"("keys_per_second_high":6.6310,"speed_up":1.0000,"speed_up_low":1.0000,"speed_up_high":1.0000,)"
      R"("efficiency":1.0000,"oversubscribed":false,"paper_seconds":133.9})");
  CHECK(lines.ends_with(
      R"("speed_up":null,"speed_up_low":null,"speed_up_high":null,"efficiency":null,)"
      R"("oversubscribed":true,"paper_seconds":null})"
      "\n"));
}
