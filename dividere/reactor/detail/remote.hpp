#pragma once

// One remote end that is asked many things at once.

#include <memory>
#include <string>
#include <string_view>

#include "../../connection/detail/socket.hpp"
#include "reactor_loop.hpp"

namespace dividere::detail {

/// A connection to one remote end that replies behind the id of each request. It knows whether that is there, and hands nothing
/// on while it is not: no request lies in a queue to be found by whoever comes to that port next.
///
/// All in the loop's thread.
class Remote final : public Source {
 public:
  enum class State { connecting, up, down };

  /// What stands in front of a request.
  enum class Framing {
    response,  // the request's id and an empty frame: as a REP socket has it
    broker     // the id alone
  };

  class Owner {
   public:
    /// The connection was made, could not be made (again), or was lost.
    virtual void remoteChanged(Remote& remote) = 0;

    /// The reply to the request of this id. May take the frame.
    virtual void remoteReplied(Remote& remote, std::string_view id, Frame& reply) = 0;

   protected:
    ~Owner() = default;
  };

  /// `who`, a literal, names in errors and in the log the class that asks.
  Remote(const char* who, ReactorLoop& loop, Owner& owner, const std::string& endpoint,
         connection::SocketOptions options, Framing framing = Framing::response);

  State state() const { return standing_->state; }
  bool isUp() const { return standing_->state == State::up; }
  const std::string& endpoint() const { return socket_.endpoint(); }

  /// Whether it lets this side's key in no more, or has another than it should.
  bool isRefused() {
    socket_.attend();
    return !isUp() && socket_.isRefused();
  }

  /// Asks; the reply comes to the owner under this id. False, and the request untouched, if the remote end is not
  /// there or takes nothing.
  bool ask(const std::string& id, Frame& request);

  Socket& socket() override { return socket_; }
  bool hasMessage() override { return socket_.ready(); }
  void take() override;

 private:
  /// What news from the watcher's thread reach, if they come before the end.
  struct Standing {
    Remote* remote;
    Owner& owner;
    State state = State::connecting;
  };

  static connection::SocketOptions asked(connection::SocketOptions options, ReactorLoop& loop,
                                         const std::shared_ptr<Standing>& standing);
  static void changed(const std::weak_ptr<Standing>& standing, State state);
  void clear();

  ReactorLoop& loop_;
  const Framing framing_;
  std::shared_ptr<Standing> standing_;
  Socket socket_;
  Multipart outgoing_;  // for its memory
};

}  // namespace dividere::detail
