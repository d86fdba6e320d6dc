// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/engine/frame.hpp>
#include <rankwise/engine/rank_engine.hpp>
#include <rankwise/engine/task_registry.hpp>
#include <rankwise/error.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace rankwise::engine {

/// A rank that is not the root: it runs what the root sends, until the root says that the job is
/// over.
class server final : public rank_engine {
 public:
  explicit server(transport::endpoint& endpoint) : rank_engine(endpoint) {}

  server(const server&) = delete;
  server& operator=(const server&) = delete;
  server(server&&) = delete;
  server& operator=(server&&) = delete;

  ~server() override { stop_stand_in(); }

  /// Returns when the job is over.
  ///
  /// Throws: cannot_go_on if MPI fails, or a message or value can't be read.
  void serve() {
    or_bring_down([&] {
      work();
      stop_stand_in();
      let_go();
      backoff idle;
      while (!endpoint_.all_sent()) idle.wait(now());
    });
  }

 private:
  struct active_call {
    call_header header;
    std::unique_ptr<remote_call> code;
  };

  bool is_over() const override { return over_; }

  core::duration begin_chunk() override {
    running_ = call_;
    return call_->header.report_interval;
  }

  void run(chunk_scope& scope, const chunk& next) override {
    running_->code->run(scope, next.payload);
  }

  void respond(core::duration at) override {
    outbox& to_root = outbox_to(root_rank);
    if (!worker_.should_send(to_root.n_messages(), at - sent_at_)) return;
    to_root.send();
    sent_at_ = at;
  }

  void handle(rank_id from,
              core::epoch_number epoch,
              const core::message& said,
              std::span<const std::byte> payload,
              core::duration /*at*/) override {
    if (from != root_rank) {
      throw wire::decode_error(
          fmt::format("rank {} sent what the root alone may send", static_cast<int>(from)));
    }
    switch (said.kind) {
      case core::message_kind::call:
        begin_call(epoch, said, payload);
        break;
      case core::message_kind::grant:
      case core::message_kind::cancel: {
        std::vector<core::message> replies;
        worker_.receive(epoch, said, wire::bytes(payload.begin(), payload.end()), replies);
        for (const core::message& reply : replies) rank_engine::tell_root(reply);
        break;
      }
      case core::message_kind::settle:
        give_order(epoch, said);
        break;
      case core::message_kind::shutdown:
        over_ = true;
        break;
      default:
        throw wire::decode_error(
            fmt::format("a message of kind {} from the root", static_cast<int>(said.kind)));
    }
  }

  void begin_call(core::epoch_number epoch,
                  const core::message& said,
                  std::span<const std::byte> payload) {
    auto next = std::make_shared<active_call>();
    wire::reader reader(payload);
    next->header = reader.take_value<call_header>();
    const task_registry::factory make = task_registry::instance().find(next->header.name_hash);
    if (make == nullptr)
      throw wire::decode_error("a call of a task that this program does not have");
    next->code = make(reader.take(reader.remaining()));
    call_ = std::move(next);
    around_.seed = call_->header.seed;
    worker_.begin(said.call, epoch);
  }

  void tell_root(const core::message& said, wire::bytes& piece) override {
    outbox_to(root_rank).add_piece(worker_.epoch(), said, piece);
  }

  core::duration sent_at_{};
  std::shared_ptr<active_call> call_;     // under the lock: what the root's grants belong to
  std::shared_ptr<active_call> running_;  // what the chunk under way belongs to
  bool over_ = false;
};

}  // namespace rankwise::engine
