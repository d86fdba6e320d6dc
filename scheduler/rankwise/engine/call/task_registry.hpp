// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <boost/core/demangle.hpp>
#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace rankwise::engine {

class chunk_scope;

/// A call as a rank other than the root knows it: the callable, and how its inputs and results
/// travel.
class remote_call {
 public:
  remote_call() = default;
  remote_call(const remote_call&) = delete;
  remote_call& operator=(const remote_call&) = delete;
  remote_call(remote_call&&) = delete;
  remote_call& operator=(remote_call&&) = delete;
  virtual ~remote_call() = default;

  /// Runs one chunk, whose inputs are `inputs`.
  virtual void run(chunk_scope& scope, std::span<const std::byte> inputs) = 0;
};

/// Which code a message means: each call type of the program under the name of its type, registered
/// before `main` in every process.
///
/// Local: no communication; every process of one program has the same table.
class task_registry {
 public:
  /// Makes a call from the bytes that the root sent along with its name.
  using factory = std::unique_ptr<remote_call> (*)(std::span<const std::byte>);

  /// The one of this process. Filled before `main`, only read from then on.
  static task_registry& instance() {
    static task_registry registry;
    return registry;
  }

  void add(const std::type_info& type, factory make, const char* source_file) {
    const auto [place, is_new] =
        entries_.try_emplace(hash(type.name()), entry{type.name(), make, source_file});
    const entry& other = place->second;
    if (is_new || other.make == make) return;
    clashes_.push_back(fmt::format(
        "two tasks have the same name, so that a rank could run the wrong one: {} in {}, and {} in "
        "{}; "
        "rename one of them, or put one into a namespace of its own (functions that are `static` "
        "and lambdas in functions that are `static` need different names in different source "
        "files)",
        boost::core::demangle(other.name.c_str()),
        other.source_file,
        boost::core::demangle(type.name()),
        source_file));
  }

  /// Throws: config_error if two call types share a name.
  void check() const {
    if (!clashes_.empty()) throw config_error(clashes_.front());
  }

  /// Null where no call type has that hash.
  factory find(std::uint64_t name_hash) const {
    const auto place = entries_.find(name_hash);
    return place == entries_.end() ? nullptr : place->second.make;
  }

  /// Depends on all names: programs with another digest have other tasks.
  std::uint64_t digest() const {
    std::uint64_t all = hash("");
    for (const auto& [name_hash, named] : entries_) all = hash(named.name, all);
    return all;
  }

  /// FNV-1a, 64 bits, of `text`, begun at `state`.
  static constexpr std::uint64_t hash(std::string_view text,
                                      std::uint64_t state = 0xcbf29ce484222325) {
    for (const char character : text) {
      state = (state ^ static_cast<unsigned char>(character)) * 0x100000001b3;
    }
    return state;
  }

 private:
  struct entry {
    std::string name;
    factory make;
    std::string source_file;
  };

  std::map<std::uint64_t, entry> entries_;
  std::vector<std::string> clashes_;
};

/// Registers `Call` (with `Call::make`) by being instantiated. `source_file` is the file that was
/// compiled: types of one name in two files are two registrations, since what is in them is local
/// to each.
template <class Call>
class registration {
 public:
  /// The name under which messages speak of `Call`; using it is what registers the type.
  static std::uint64_t name_hash() { return done_ ? task_registry::hash(typeid(Call).name()) : 0; }

 private:
  static bool add() {
    task_registry::instance().add(typeid(Call), &Call::make, __BASE_FILE__);
    return true;
  }

  inline static const bool done_ = add();
};

}  // namespace rankwise::engine
