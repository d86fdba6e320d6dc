// SPDX-License-Identifier: MIT
// RSA keys on all ranks, against a plain OpenSSL loop on as many: how much of the time the ranks
// make keys, and what the library adds to a key's CPU time. And one engine against the other.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include "rsa/seeded_keys.hpp"
#include "rsa_keygen/key.hpp"
#include "rsa_keygen/key_engine.hpp"
#include "support/estimate.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

#include <boost/mpi/communicator.hpp>
#include <fmt/format.h>
#include <mpi.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <vector>

namespace {

struct settings {
  std::uint64_t n_1024 = 600;
  std::uint64_t n_2048 = 100;
  std::uint64_t n_engine = 100;  // keys of each engine, in each of the repeats
  std::uint32_t repeats = 4;     // an even number: each way comes first in half of them
};

/// What was found out of one key.
struct key_cost {
  std::uint64_t digest;
  double cpu_s;
};

/// Makes the key of that index, the same one wherever it runs.
struct make_key {
  int bits = 0;
  std::uint64_t seed = 0;
  rsa_keygen::key_engine engine = rsa_keygen::key_engine::openssl;

  key_cost operator()(std::uint64_t index) const {
    bench::seeded_keys::restart(seed, index);
    const double begun = bench::thread_cpu_s();
    const rsa_keygen::pkey key = rsa_keygen::generate(bits, engine);
    const double cpu_s = bench::thread_cpu_s() - begun;
    const std::string print = rsa_keygen::fingerprint(rsa_keygen::public_der(key));
    return {std::stoull(print.substr(0, 16), nullptr, 16), cpu_s};
  }
};

/// One size of key, its repeats, by both ways. On the root alone.
struct series {
  std::vector<double> efficiencies;
  std::vector<double> makespans_s;
  std::vector<double> pool_cpu_s;   // of each key
  std::vector<double> plain_cpu_s;  // of the same keys
  std::vector<double> plain_makespans_s;
  std::uint64_t checksum = 0;
};

void run_pool(const boost::mpi::communicator& world,
              const rankwise::options& how,
              const make_key& task,
              std::uint64_t n,
              series& into,
              std::vector<key_cost>& keys) {
  bench::run_job(world, how, [&](rankwise::pool& pool) {
    keys = pool.map(std::views::iota(std::uint64_t{0}, n), task);
    const rankwise::job_statistics& job = pool.totals();
    into.efficiencies.push_back(job.task_s / (job.ranks * job.elapsed_s));
    into.makespans_s.push_back(job.elapsed_s);
  });
}

/// A plain loop on each rank at once, every n-th key: no library, and no message until all is done.
void run_plain(const boost::mpi::communicator& world,
               const make_key& task,
               std::uint64_t n,
               series& into,
               std::vector<key_cost>& keys) {
  std::vector<key_cost> mine(n);
  world.barrier();
  const double begun = bench::wall_s();
  const auto n_ranks = static_cast<std::uint64_t>(world.size());
  for (auto index = static_cast<std::uint64_t>(world.rank()); index < n; index += n_ranks)
    mine[index] = task(index);
  world.barrier();
  if (world.rank() == 0) into.plain_makespans_s.push_back(bench::wall_s() - begun);
  for (std::uint64_t index = 0; index < n; ++index) {
    const int owner = static_cast<int>(index % n_ranks);
    MPI_Bcast(&mine[index], sizeof mine[index], MPI_BYTE, owner, world);
  }
  keys = std::move(mine);
}

series run_size(const boost::mpi::communicator& world,
                const rankwise::options& how,
                const settings& given,
                int bits,
                std::uint64_t n) {
  series all;
  for (std::uint32_t repeat = 0; repeat < given.repeats; ++repeat) {
    const make_key task{bits, 1000 + repeat};
    std::vector<key_cost> by_pool;
    std::vector<key_cost> plain;
    // Which comes first changes, so that neither gains by it.
    if (repeat % 2 == 0) run_plain(world, task, n, all, plain);
    run_pool(world, how, task, n, all, by_pool);
    if (repeat % 2 == 1) run_plain(world, task, n, all, plain);
    if (world.rank() != 0) continue;
    for (std::uint64_t index = 0; index < n; ++index) {
      bench::require(by_pool[index].digest == plain[index].digest,
                     fmt::format("key {} of {} bits is not the plain loop's", index, bits));
      all.pool_cpu_s.push_back(by_pool[index].cpu_s);
      all.plain_cpu_s.push_back(plain[index].cpu_s);
      all.checksum += plain[index].digest * (2 * index + 1);
    }
  }
  return all;
}

void add_cpu_time(bench::report& out,
                  const std::string& name,
                  std::uint64_t n,
                  std::uint64_t checksum,
                  const std::vector<double>& cpu_s) {
  const bench::estimate each = bench::estimate_of(cpu_s);
  bench::row row{.name = name,
                 .unit = "ms CPU a key",
                 .n = n,
                 .samples = {1e3 * each.mean},
                 .checksum = checksum};
  row.figures = {{"low", {1e3 * (each.mean - each.margin)}},
                 {"high", {1e3 * (each.mean + each.margin)}}};
  row.note = fmt::format("mean of {} keys; 95 % interval {:.3f} to {:.3f}",
                         cpu_s.size(),
                         1e3 * (each.mean - each.margin),
                         1e3 * (each.mean + each.margin));
  out.add(row);
}

void tell(bench::report& out, const series& all, int bits, std::uint64_t n, double asked) {
  const std::string size = fmt::format("{} bits", bits);
  out.add(
      {.name = size + ": efficiency",
       .unit = "of ranks x makespan",
       .n = n,
       .samples = all.efficiencies,
       .checksum = all.checksum,
       .figures = {{"makespan_s", all.makespans_s}, {"plain_makespan_s", all.plain_makespans_s}},
       .note = fmt::format("makespans {:.3f} s; plain, equal shares: {:.3f} s",
                           fmt::join(all.makespans_s, " "),
                           fmt::join(all.plain_makespans_s, " "))});
  add_cpu_time(out, size + ": through the pool", n, all.checksum, all.pool_cpu_s);
  add_cpu_time(out, size + ": plain OpenSSL loop", n, all.checksum, all.plain_cpu_s);
  // The keys are the same in pairs, so what differs between them is what the way of making costs.
  std::vector<double> differences(all.pool_cpu_s.size());
  for (std::size_t i = 0; i < differences.size(); ++i)
    differences[i] = all.pool_cpu_s[i] - all.plain_cpu_s[i];
  const bench::estimate more = bench::estimate_of(differences);
  const double plain = bench::estimate_of(all.plain_cpu_s).mean;
  bench::row row{.name = size + ": pool / plain",
                 .unit = "CPU time",
                 .n = n,
                 .samples = {1 + more.mean / plain},
                 .checksum = all.checksum};
  row.figures = {{"low", {1 + (more.mean - more.margin) / plain}},
                 {"high", {1 + (more.mean + more.margin) / plain}}};
  row.note = fmt::format("of the same keys in pairs; 95 % interval {:.4f} to {:.4f}",
                         1 + (more.mean - more.margin) / plain,
                         1 + (more.mean + more.margin) / plain);
  out.add(row);
  out.ask_at_least(size + ", efficiency", asked, bench::median(all.efficiencies));
  out.ask_at_most(
      size + ", CPU time a key off the plain loop's, %", 5, 100 * std::abs(more.mean) / plain);
}

#ifdef RSA_KEYGEN_HAS_NETTLE
/// Both engines in turn, each with all ranks.
void compare_engines(const boost::mpi::communicator& world,
                     const rankwise::options& how,
                     const settings& given,
                     bench::report* out) {
  constexpr int bits = 2048;

  struct of_engine {
    rsa_keygen::key_engine engine;
    const char* name;
    series all = {};
    std::vector<double> rates = {};
    std::vector<double> cpu_s = {};
  };

  std::array engines{of_engine{rsa_keygen::key_engine::openssl, "openssl"},
                     of_engine{rsa_keygen::key_engine::nettle, "nettle"}};
  for (std::uint32_t repeat = 0; repeat < given.repeats; ++repeat) {
    for (of_engine& one : engines) {
      std::vector<key_cost> keys;
      run_pool(
          world, how, make_key{bits, 2000 + repeat, one.engine}, given.n_engine, one.all, keys);
      if (world.rank() != 0) continue;
      one.rates.push_back(static_cast<double>(given.n_engine) / one.all.makespans_s.back());
      for (const key_cost& key : keys) {
        one.cpu_s.push_back(key.cpu_s);
        one.all.checksum += key.digest;
      }
    }
  }
  if (out == nullptr) return;
  for (const of_engine& one : engines) {
    out->add({.name = fmt::format("{} bits: {}", bits, one.name),
              .unit = "keys/s",
              .n = given.n_engine,
              .samples = one.rates,
              .checksum = one.all.checksum});
  }
  const auto mean = [](const std::vector<double>& cpu_s) { return bench::estimate_of(cpu_s).mean; };
  const double gain = mean(engines[0].cpu_s) / mean(engines[1].cpu_s);
  out->add({.name = fmt::format("{} bits: nettle / openssl", bits),
            .unit = "keys a CPU second",
            .n = given.n_engine * given.repeats,
            .samples = {gain},
            .checksum = engines[1].all.checksum,
            .note = fmt::format("{:.1f} and {:.1f} ms CPU a key",
                                1e3 * mean(engines[1].cpu_s),
                                1e3 * mean(engines[0].cpu_s))});
  out->ask_at_least("2048 bits, nettle / openssl", 3.0, gain);
}
#endif

}  // namespace

int main(int argc, char** argv) {
  settings given;
  rankwise::program what{.name = "bench_rsa",
                         .summary = "RSA keys on all ranks, against a plain OpenSSL loop",
                         .options = boost::program_options::options_description("Options")};
  what.options.add_options()(
      "n-1024", rankwise::whole_number(given.n_1024, 2U), "keys of 1024 bits")(
      "n-2048", rankwise::whole_number(given.n_2048, 2U), "keys of 2048 bits")(
      "n-engine", rankwise::whole_number(given.n_engine, 1U), "keys of each engine, a repeat")(
      "repeats", rankwise::whole_number(given.repeats, 1U), "of each run");
  return bench::run_on_all(
      argc, argv, what, [&](const boost::mpi::communicator& world, const rankwise::options& how) {
        bench::require(world.size() >= 2, "needs 2 ranks: bench/run rsa");
        const bench::seeded_keys seeded;
        make_key{1024, 1}(0);  // OpenSSL reads its configuration on first use
        const series small = run_size(world, how, given, 1024, given.n_1024);
        const series large = run_size(world, how, given, 2048, given.n_2048);
        std::optional<bench::report> out;
        if (world.rank() == 0) {
          out.emplace("rsa", world.size());
          tell(*out, small, 1024, given.n_1024, 0.97);
          tell(*out, large, 2048, given.n_2048, 0.95);
        }
#ifdef RSA_KEYGEN_HAS_NETTLE
        compare_engines(world, how, given, out ? &*out : nullptr);
#endif
        if (out) out->print_table();
      });
}
