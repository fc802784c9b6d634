#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "../core/detail/hidden.hpp"
#include "../core/timeout.hpp"
#include "../messaging/dealer.hpp"
#include "../messaging/request.hpp"
#include "../messaging/response.hpp"
#include "../messaging/subscriber.hpp"
#include "handlers.hpp"
#include "reactor_sender.hpp"

namespace dividere::detail {
class ReactorLoop;
class WorkerMain;
}  // namespace dividere::detail

namespace dividere::reactor {

/// One thread that waits on any mix of messaging sockets at once and calls the handler of each message's type
/// (the Python package's messaging.MtMsgReactor).
///
///     MtMsgReactor reactor;
///     reactor.add(messaging::Response("tcp://*:5555"))
///         .on([](const Msg01& message) { return reversed(message); });
///     reactor.start();
///
/// A busy socket does not starve the others: each has its turn after a few dozen messages. Idle, it uses no CPU. No
/// peer can stop it: a ShutdownEvent is a message like any other.
///
/// add(), on() and the like belong to the thread that makes the reactor, and come before start(). A class derived from
/// this one calls stop() in its destructor if its handlers use its members, which would otherwise be gone first.
class MtMsgReactor : public Handling<MtMsgReactor> {
 public:
  MtMsgReactor();

  /// Stops, as stop(). Not from within a handler.
  ~MtMsgReactor();

  /// Takes a socket over, to listen to it. A Request may have been sent on before; its replies are handled, and the
  /// Sender sends the next request.
  MtMsgReactor& add(messaging::Subscriber&& socket);
  MtMsgReactor& add(messaging::Request&& socket);
  MtMsgReactor& add(messaging::Response&& socket);
  MtMsgReactor& add(messaging::Dealer&& socket);

  /// Calls `function` in the reactor's thread once a period, first after one period. Before start(), or from a handler.
  /// Late calls are not made up for: while the thread or the machine is busy they come less often than once a period.
  /// (In Python: the idle hook, which is called whenever nothing comes.)
  MtMsgReactor& every(std::chrono::milliseconds period, std::function<void()> function);

  /// Starts the thread; does nothing after stop(). Throws Error{outOfTurn} the second time.
  void start();

  /// In place of start(), for programs with a loop of their own. Calls, in this thread, the handlers of what has come, the functions
  /// that were posted and those whose time has come. If there is nothing, waits for it until the time-out. Returns whether it
  /// called any; false after stop(). One thread at a time. Throws Error{outOfTurn} after start(), and while it is at work already: in
  /// a handler, or in another thread.
  ///
  /// add() and every() may come between two calls, in the same thread. stop() waits for a call that is under way in another thread,
  /// and itself runs what was posted by then.
  bool runOnce(Timeout timeout);

  /// For poll(), epoll and the like: readable while runOnce() would call something. Then call runOnce(0ms). It may be readable though
  /// there is nothing to call. The reactor owns it: do not read or close it. Throws Error{outOfTurn} after start().
  int descriptor() const;

  /// Lets the handler at work finish, ends the thread, and closes the sockets: prompt, any number of times, also
  /// without a start(). Any thread; from a handler (or anything else in the reactor's thread) it does not wait.
  void stop();

  /// Runs `function` in the reactor's thread, in the order of the calls. Any thread. What was posted before stop() is
  /// still run, what comes later is not.
  void post(std::function<void()> function);

  /// Lets any thread send on a Request or a Dealer that the reactor owns: the one that was added last, or that has this
  /// Connector::endpoint(). Any thread, also before start(). Throws Error{badEndpoint} if there is no such socket, Error{stopping}
  /// after stop(), and Error{outOfTurn} for a Subscriber, and for a Response, which only replies (Sender::defer() lets any thread
  /// reply).
  ReactorSender sender();
  ReactorSender sender(const std::string& endpoint);

 private:
  friend class detail::WorkerMain;
  void runHere(const char* who, int stopFd);

  detail::Hidden<detail::ReactorLoop> loop_;
};

}  // namespace dividere::reactor
