#pragma once

// How a message finds its handler, and what becomes of it if it does not.

#include <google/protobuf/message.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "../../connection/detail/frame.hpp"
#include "../../core/detail/log_line.hpp"
#include "../handlers.hpp"

namespace dividere::detail {

/// Where a message came from, for as long as it is handled.
class Origin {
 public:
  virtual ~Origin() = default;

  /// Sends back one frame; throws Error{outOfTurn} where there is no way, or none any more.
  virtual void send(Frame& frame) = 0;

  /// Whether there has to be one answer: without it somebody waits for ever.
  virtual bool owesAnswer() const = 0;

  /// Whether to tell, in place of an answer, why there is none.
  virtual bool wantsErrors() const = 0;

  const connection::Route& route() const { return route_; }
  bool isAnswered() const { return answered_; }
  void answer(Frame& frame) {
    send(frame);
    answered_ = true;
  }

 protected:
  connection::Route route_;
  bool answered_ = false;
};

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

  /// Handles one serialized envelope: whatever happens ends here, and who waits for an answer gets one. One thread,
  /// unless setParallel() says otherwise.
  void dispatch(std::string_view bytes, Origin& origin) noexcept;

  /// Runs a function that is no message's handler (a timer's, a posted one); what it throws is reported.
  void run(const std::function<void()>& function, const char* what) noexcept;

  /// What becomes of bytes that are no message: counted, reported, and told to whoever waits for an answer.
  void refuseMalformed(Origin& origin, const Error& error) noexcept;

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
  void report(const Error& error) noexcept;
  void refuse(Origin& origin, const Error& error) noexcept;
  static bool tryAnswer(Origin& origin, const std::string& bytes);

  std::string who_ = "reactor";
  bool sealed_ = false;
  bool parallel_ = false;  // each message is parsed into one of its own
  std::map<std::string, Entry, std::less<>> byType_;
  std::atomic<const Entry*> last_{nullptr};  // that of the last message: probably of the next one too
  std::function<void(const std::string&, reactor::Sender&)> onUnknown_;
  std::function<void(const Error&)> onError_;
  RateLimit warnings_;

  std::atomic<std::uint64_t> handled_{0}, failed_{0}, unknown_{0}, malformed_{0};
};

/// What was thrown, as an Error with Errc::handlerFailed whose text begins with `what`. Inside a catch block only.
Error currentAsHandlerError(const std::string& what);

}  // namespace dividere::detail
