#pragma once

// One peer that is asked many things at once.

#include <memory>
#include <string>
#include <string_view>

#include "../../connection/dealer.hpp"
#include "reactor_loop.hpp"

namespace dividere::detail {

/// A connection to one peer that answers as a REP socket does. It knows whether the peer is there, and hands nothing
/// on while it is not: no request lies in a queue to be found by whoever comes to that port next.
///
/// All in the loop's thread.
class Peer final : public Source {
 public:
  enum class State { connecting, up, down };

  class Listener {
   public:
    /// The connection was made, could not be made, or was lost.
    virtual void peerChanged(Peer& peer) = 0;

    /// The answer to the request of this id. May take the frame.
    virtual void peerAnswered(Peer& peer, std::string_view id, Frame& answer) = 0;

   protected:
    ~Listener() = default;
  };

  Peer(ReactorLoop& loop, Listener& listener, const std::string& endpoint, connection::SocketOptions options);

  State state() const { return link_->state; }
  bool isUp() const { return link_->state == State::up; }
  std::string endpoint() { return dealer_.endpoint(); }

  /// Asks; the answer comes to the listener under this id. False, and the request untouched, if the peer is not
  /// there or takes nothing.
  bool ask(const std::string& id, Frame& request);

  Socket& socket() override { return dealer_.socket(); }
  bool hasMessage() override { return socket().ready(); }
  void take(HandlerTable& handlers) override;
  void send(Frame&) override;
  bool owesAnswer() const override { return false; }
  bool wantsErrors() const override { return false; }

 private:
  /// What news from the watcher's thread reach, if they come before the end.
  struct Link {
    Peer* peer;
    Listener& listener;
    State state = State::connecting;
  };

  static connection::SocketOptions asked(connection::SocketOptions options, ReactorLoop& loop,
                                         const std::shared_ptr<Link>& link);
  static void changed(const std::weak_ptr<Link>& link, State state);
  void clear();

  ReactorLoop& loop_;
  std::shared_ptr<Link> link_;
  connection::Dealer dealer_;
  Multipart outgoing_;  // for its memory
};

}  // namespace dividere::detail
