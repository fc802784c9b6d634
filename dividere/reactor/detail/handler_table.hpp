#pragma once

// How a message finds its handler, and what becomes of it if it does not.

#include <google/protobuf/message.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "../handlers.hpp"
#include "error_sink.hpp"
#include "origin.hpp"

namespace dividere::detail {

class HandlerTable {
 public:
  using Handler = std::function<void(const google::protobuf::Message&, reactor::Sender&)>;

  // Before seal().
  void set(std::shared_ptr<google::protobuf::Message> reused, Handler handler);
  void setUnknown(std::function<void(const std::string&, reactor::Sender&)> hook);
  void setError(std::function<void(const Error&)> hook);

  /// No more changes from here on; `who` names the object in errors and in the log.
  void seal(std::string who);

  /// Lets dispatch() be called by several threads at once. Before seal().
  void setParallel() { parallel_ = true; }

  /// Handles one serialized envelope: whatever happens ends here, and who waits for a reply gets one. One thread,
  /// unless setParallel() says otherwise.
  void dispatch(std::string_view bytes, Origin& origin) noexcept;

  /// Tells the log and the error hook. Any thread.
  void report(const Error& error) noexcept;
  void report(const Error& error, const Origin& origin) noexcept;  // as a RoutedError, if it came with a route

  /// report() for a ReactorLoop. The table outlives it.
  ErrorSink errorSink() {
    return [this](const Error& error) { report(error); };
  }

  /// What becomes of what was not taken, being no message most of the time: counted, reported, and told to whoever waits
  /// for a reply.
  void refuseUntaken(Origin& origin, const Error& error) noexcept;

  /// What becomes of a handler that threw outside of dispatch(): counted, reported, and told if `tell`.
  void refuseFailed(Origin& origin, const Error& error, bool tell) noexcept;

  /// One more was handled, outside of dispatch().
  void countHandled() noexcept { ++handled_; }

  bool isEmpty() const { return byType_.empty(); }

  reactor::HandlerStats stats() const;

 private:
  struct Entry {
    std::shared_ptr<google::protobuf::Message> message;  // one for all messages of the type: parsed into anew
    Handler handle;
  };

  void requireOpen() const;
  void handle(std::string_view bytes, Origin& origin);
  void handleUnknown(std::string_view type, std::string_view payload, Origin& origin);
  void callHandler(const Handler& handler, const google::protobuf::Message& message, Origin& origin);
  void callUnknownHook(std::string_view type, Origin& origin) noexcept;
  void refuse(Origin& origin, const Error& error) noexcept;
  static bool tryReply(Origin& origin, const std::string& bytes);

  std::string who_ = "reactor";
  bool sealed_ = false;
  bool parallel_ = false;  // each message is parsed into one of its own
  std::map<std::string, Entry, std::less<>> byType_;
  std::atomic<const Entry*> last_{nullptr};  // that of the last message: probably of the next one too
  std::function<void(const std::string&, reactor::Sender&)> onUnknown_;
  std::function<void(const Error&)> onError_;
  ErrorLog log_;
  RateLimit warnings_;

  std::atomic<std::uint64_t> handled_{0}, failed_{0}, unknown_{0}, malformed_{0};
};

}  // namespace dividere::detail
