#pragma once

// Starting calls: what service::Client and balancing::Client have in common.

#include <functional>
#include <utility>

#include "../core/protobuf_fwd.hpp"
#include "../core/timeout.hpp"
#include "call.hpp"
#include "stream.hpp"

namespace dividere::reactor {

/// Calls that do not wait, of the client that derives from this. Any thread, any number at once.
template <class Derived>
class Calling {
 public:
  /// Sends the request, and returns at once. The call ends within this time.
  ///
  /// Throws Error{tooLarge}, Error{incomplete}, and Error{stopping} after stop(). All else is the call's outcome, as
  /// call() says: with Errc::deadlinePassed if no reply came in time.
  template <class Reply>
  Call<Reply> start(const google::protobuf::Message& request, Timeout timeout) {
    return Call<Reply>(self().begin(request, timeout, nullptr, nullptr));
  }
  template <class Reply>
  Call<Reply> start(const google::protobuf::Message& request, Timeout timeout, const CallOptions& options) {
    return Call<Reply>(self().begin(request, timeout, &options, nullptr));
  }

  /// The same for those who want a callback alone: as Call::then().
  template <class Reply>
  void start(const google::protobuf::Message& request, Timeout timeout, std::function<void(Outcome<Reply>)> whenDone) {
    self().begin(request, timeout, nullptr, detail::followerOf(std::move(whenDone)));
  }
  template <class Reply>
  void start(const google::protobuf::Message& request, Timeout timeout, const CallOptions& options,
             std::function<void(Outcome<Reply>)> whenDone) {
    self().begin(request, timeout, &options, detail::followerOf(std::move(whenDone)));
  }

  /// Sends a request whose handler replies in parts, and returns at once. Read the parts in a loop; it ends within this time. Each
  /// part comes once: after the first one no other handler is given the request, unless CallOptions::repeatable says so. Throws
  /// as start().
  template <class Part>
  Stream<Part> stream(const google::protobuf::Message& request, Timeout timeout) {
    return Stream<Part>(self().beginStream(request, timeout, nullptr));
  }
  template <class Part>
  Stream<Part> stream(const google::protobuf::Message& request, Timeout timeout, const CallOptions& options) {
    return Stream<Part>(self().beginStream(request, timeout, &options));
  }

 protected:
  Calling() = default;

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
};

}  // namespace dividere::reactor
