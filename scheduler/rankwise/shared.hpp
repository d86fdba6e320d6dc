// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/access.hpp>
#include <rankwise/engine/call/abstract_root.hpp>
#include <rankwise/exchange/object_numbers.hpp>
#include <rankwise/exchange/rank_objects.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/readers/detail/file_source.hpp>
#include <rankwise/sharing/fetched_bytes.hpp>
#include <rankwise/sharing/shared_form.hpp>
#include <rankwise/sharing/shared_origin.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/digest.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise {

namespace sharing {

/// A shared value as the root has it, for as long as a handle or a call holds it.
template <class Value>
struct value_at_root {
  using form = shared_form<Value>;

  std::shared_ptr<const std::uint64_t> number;
  std::shared_ptr<engine::abstract_root*> root;  // null: the job is over
  std::shared_ptr<const typename form::stored> stored;
  std::shared_ptr<const wire::bytes> encoded;  // null: not made, or `form` needs none
  std::optional<std::uint64_t> digest;         // of its bytes

  /// What other ranks get.
  std::span<const std::byte> bytes() const {
    if constexpr (form::is_raw) {
      return stored->bytes();
    } else {
      return encoded ? std::span<const std::byte>(*encoded) : std::span<const std::byte>();
    }
  }
};

/// A shared value on another rank.
template <class Value>
class value_on_rank final : public exchange::rank_object {
 public:
  using form = shared_form<Value>;

  value_on_rank(engine::rank_context& context, std::uint64_t number, std::size_t n_bytes)
      : bytes_(context, number, n_bytes, form::is_raw) {}

  bool is_here() const { return value_.has_value(); }

  /// False if the call is cancelled meanwhile.
  bool fetch() {
    if (!bytes_.fetch()) return false;
    value_.emplace(form::read(bytes_.bytes()));
    if constexpr (!form::is_raw) bytes_.drop_if_idle();
    return true;
  }

  /// Of a value that is here.
  const Value& value() const { return *value_; }

 private:
  fetched_bytes bytes_;
  std::optional<Value> value_;
};

template <class Value>
class shared_argument;

/// A number for the host of each rank.
inline std::vector<std::uint32_t> number_hosts(const engine::abstract_root& root) {
  std::map<std::string, std::uint32_t> known;
  std::vector<std::uint32_t> hosts(root.n_ranks());
  for (std::size_t row = 0; row < hosts.size(); ++row) {
    const auto next = static_cast<std::uint32_t>(known.size());
    hosts[row] = known.try_emplace(root.host(to_rank(row)), next).first->second;
  }
  return hosts;
}

/// Plain data at the root, and the segment that it stands in; null: in none.
template <class Form>
struct stored_for_host {
  typename Form::stored value;
  const segment* shared_memory = nullptr;
};

/// Keeps `value` in a segment if other ranks of the root's host may need it, else as it is.
template <class Form, class Value>
stored_for_host<Form> store_for_host(const engine::rank_context& context,
                                     const std::vector<std::uint32_t>& hosts,
                                     Value&& value) {
  const auto elements = Form::view(value);
  const bool is_alone = std::count(hosts.begin(), hosts.end(), hosts.front()) == 1;
  if (!is_alone && elements.size_bytes() >= smallest_segment) {
    if (std::optional<segment> made = make_segment(context, elements.size_bytes())) {
      auto stored = Form::stored::in(std::move(*made), elements);
      const auto* const memory = static_cast<const segment*>(stored.owner.get());
      if constexpr (!std::is_lvalue_reference_v<Value>)
        static_cast<void>(std::remove_cvref_t<Value>(std::move(value)));  // frees it at once
      return {std::move(stored), memory};
    }
  }
  return {Form::store(std::forward<Value>(value)), nullptr};
}

}  // namespace sharing

/// A value that tasks of all ranks use, made by `pool::share`. It goes to each rank once, when a
/// task there first needs it: by `rankwise::with(shared)(task)`, or as an argument of
/// `pool::submit`. Copies are handles of the same value; when the last is gone, and no call uses
/// it, all ranks let go of it. A handle may outlive its job, and is of no use then.
template <class Value>
class shared {
 public:
  using shared_value_type = Value;  // also tells that this does not travel by itself

  shared(const shared&) = default;
  shared(shared&&) noexcept = default;

  shared& operator=(const shared& other) {
    if (this != &other) *this = shared(other);
    return *this;
  }

  shared& operator=(shared&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }

  ~shared() {
    if (!state_) return;
    engine::abstract_root* const root = *state_->root;
    state_.reset();
    if (root != nullptr) root->let_go_of_dropped();
  }

  /// The value, on the root.
  sharing::given_value<Value> operator*() const {
    return sharing::shared_form<Value>::give(*state_->stored);
  }

 private:
  friend class pool;
  template <class Any>
  friend class sharing::shared_argument;

  explicit shared(std::shared_ptr<sharing::value_at_root<Value>> state)
      : state_(std::move(state)) {}

  std::shared_ptr<sharing::value_at_root<Value>> state_;  // null: it was moved from
};

namespace sharing {

/// What travels for a `shared` that is given to a task.
template <class Value>
class shared_argument {
 public:
  using form = shared_form<Value>;

  shared_argument() = default;

  /// Throws: std::logic_error if the handle was moved from.
  explicit(false) shared_argument(const shared<Value>& handle) : at_root_(handle.state_) {
    if (!at_root_) throw std::logic_error("a rankwise::shared was used that was moved from");
    number_ = *at_root_->number;
    n_bytes_ = at_root_->bytes().size();
  }

  /// Throws: std::logic_error where tasks are not given shared values.
  given_value<Value> give() const {
    if (at_root_) return form::give(*at_root_->stored);
    if (here_ != nullptr) return *here_;
    throw std::logic_error(
        "a rankwise::shared was given to what is no task of a call: a stage of a pipeline, for "
        "example, which takes the value itself instead");
  }

  /// Whether this rank has the value.
  bool is_here(engine::rank_context& context) const {
    if (at_root_) return true;
    const auto* const known = context.kept.find<value_on_rank<Value>>(number_);
    here_ = known != nullptr && known->is_here() ? &known->value() : nullptr;
    return here_ != nullptr;
  }

  /// Fetches it; false if the call is cancelled meanwhile.
  bool fetch(engine::rank_context& context) const {
    if (context.kept.find<value_on_rank<Value>>(number_) == nullptr) {
      context.kept.add(number_, [&] {
        return std::make_unique<value_on_rank<Value>>(context, number_, n_bytes_);
      });
    }
    auto& made = context.kept.get<value_on_rank<Value>>(number_);
    if (!made.fetch()) return false;
    here_ = &made.value();
    return true;
  }

  /// Throws: std::logic_error if the value is not of the job of `root`, or that is over.
  void require_job_of(const engine::abstract_root& root) const {
    const engine::abstract_root* const own = *at_root_->root;
    if (own == nullptr)
      throw std::logic_error("a rankwise::shared was used whose job is over: share it anew");
    if (own != &root)
      throw std::logic_error("a rankwise::shared was used in another job than it was shared in");
  }

  /// Of the bytes of the value; at the root.
  std::uint64_t digest() const {
    if (!at_root_->digest) {
      wire::bytes made;
      if constexpr (!form::is_raw) {
        if (!at_root_->encoded) made = form::encode(*at_root_->stored);
      }
      at_root_->digest =
          wire::digest().add(made.empty() ? at_root_->bytes() : std::span(made)).value();
    }
    return *at_root_->digest;
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& number_& n_bytes_;
  }

 private:
  std::shared_ptr<value_at_root<Value>> at_root_;  // null: on another rank
  std::uint64_t number_ = 0;
  std::uint64_t n_bytes_ = 0;
  mutable const Value* here_ = nullptr;  // on another rank, while a chunk runs
};

}  // namespace sharing

namespace engine {

template <class Value>
struct travelling_as<shared<Value>> {
  using type = sharing::shared_argument<Value>;
};

template <class Value>
struct travelled<sharing::shared_argument<Value>> {
  static constexpr bool is_shared = true;
  using given = sharing::given_value<Value>;

  static given give(const sharing::shared_argument<Value>& value) { return value.give(); }
};

}  // namespace engine

template <class Value>
auto pool::share(Value&& value) const {
  using value_type = sharing::shared_type<std::remove_cvref_t<Value>>;
  using form = sharing::shared_form<value_type>;
  if constexpr (!sharing::require_shareable<value_type>()) {
    return shared<int>(nullptr);
  } else {
    exchange::object_numbers& numbers = root_->object_numbers();
    auto made = std::make_shared<sharing::value_at_root<value_type>>();
    made->number = numbers.add();
    made->root = std::make_shared<engine::abstract_root*>(root_);
    std::vector<std::uint32_t> hosts = sharing::number_hosts(*root_);
    const sharing::segment* shared_memory = nullptr;
    std::shared_ptr<const void> owner;
    if constexpr (form::is_raw) {
      auto stored =
          sharing::store_for_host<form>(root_->context(), hosts, std::forward<Value>(value));
      shared_memory = stored.shared_memory;
      made->stored = std::make_shared<const typename form::stored>(std::move(stored.value));
      owner = made->stored;
    } else {
      made->stored =
          std::make_shared<const typename form::stored>(form::store(std::forward<Value>(value)));
      if (n_ranks() > 1)
        owner = made->encoded = std::make_shared<const wire::bytes>(form::encode(*made->stored));
    }
    const auto make = [&] {
      return std::make_unique<sharing::shared_origin>(root_->others(),
                                                      numbers,
                                                      *made->number,
                                                      std::move(hosts),
                                                      made->bytes(),
                                                      std::move(owner),
                                                      shared_memory,
                                                      [root = made->root] { *root = nullptr; });
    };
    root_->between_tasks([&] { root_->context().kept.add(*made->number, make); }, "pool::share");
    return shared<value_type>(std::move(made));
  }
}

inline auto pool::share_file(const std::string& path) const {
  file_source file(path);
  constexpr std::size_t step = std::size_t{4} << 20U;
  wire::bytes all;
  for (;;) {
    const std::size_t size = all.size();
    auto* const place = reinterpret_cast<char*>(wire::extend(all, step));
    const std::size_t n_read = file.read_at(size, std::span(place, step));
    all.resize(size + n_read);
    if (n_read == 0) break;
  }
  return share(std::move(all));
}

}  // namespace rankwise
