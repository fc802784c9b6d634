#pragma once

// How a message finds its handler, and what becomes of it if it does not.

#include <google/protobuf/message.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../../core/detail/statistics_book.hpp"
#include "../../messaging/detail/call_fields.hpp"
#include "../../messaging/detail/envelope_format.hpp"
#include "../../messaging/detail/type_book.hpp"
#include "../handlers.hpp"
#include "error_sink.hpp"
#include "handler_clock.hpp"
#include "origin.hpp"

namespace dividere::detail {

class HandlerTable {
 public:
  using Handler = std::function<void(const google::protobuf::Message&, reactor::Sender&)>;

  struct Entry {
    std::shared_ptr<google::protobuf::Message> message;      // one for all messages of the type: parsed into anew
    std::shared_ptr<const google::protobuf::Message> reply;  // of the type that the handler returns; null: not known
    Handler handle;
    std::string method = {};                          // empty: of the type
    std::shared_ptr<const ReplyRule> replyRule = {};  // null: it may reply with anything
    std::shared_ptr<HandlerClock> clock = std::make_shared<HandlerClock>();
  };

  // Before seal().

  /// Without a method: for the type. Throws std::errc::invalid_argument for what is no method's name.
  void set(const std::string* method, Entry entry);
  Entry* findMethod(std::string_view method);
  Entry* findType(std::string_view type);
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

  /// So many requests were given up before a handler ran.
  void countCancelled(std::size_t requests) noexcept { cancelled_ += requests; }

  /// What becomes of a request that a Later was to reply to, and did not.
  void lateFailed(const Error& error) noexcept;

  /// One more was handled, outside of dispatch().
  void countHandled() noexcept { ++handled_; }

  bool isEmpty() const { return byType_.empty() && byMethod_.empty(); }
  bool handlesNothing() const { return isEmpty() && !onUnknown_; }

  reactor::HandlerStats stats() const;

  /// Adds the methods, their types, and what became of messages.
  void describe(Description& description, TypeBook& types) const;

 private:
  /// A message on the way to its handler: views into its bytes.
  struct Opened {
    std::string_view payload;
    CallFields fields = {};
    bool hasFields = false;
    const Entry* entry = nullptr;  // of the type at least, where there is one
    Envelope envelope = {};        // if there is none
  };

  /// Its line in statistics().
  class Figures final : public StatisticsSource {
   public:
    explicit Figures(const HandlerTable& table) : table_(table) {}
    ~Figures() override { leave(); }
    Statistics read() const override { return table_.statistics(); }

   private:
    const HandlerTable& table_;
  };

  Statistics statistics() const;
  std::vector<HandlerTime> times() const;
  void requireOpen() const;
  Opened open(std::string_view bytes);
  void handle(std::string_view bytes, Origin& origin);
  const Entry* findEntry(const Opened& message) const;
  void refuseExpired(Origin& origin);
  void handleUnknown(const Opened& message, Origin& origin);
  std::string whyUnknown(std::string_view type, std::string_view method) const;
  void callHandler(const Entry& entry, const google::protobuf::Message& message, Origin& origin,
                   const CallFields& fields);
  void callUnknownHook(std::string_view type, Origin& origin) noexcept;
  void refuse(Origin& origin, const Error& error) noexcept;
  static bool tryReply(Origin& origin, const std::string& bytes);

  std::string who_ = "reactor";
  bool sealed_ = false;
  bool parallel_ = false;  // each message is parsed into one of its own
  std::map<std::string, Entry, std::less<>> byType_;
  std::map<std::string, Entry, std::less<>> byMethod_;
  std::atomic<const Entry*> last_{nullptr};  // that of the last message: probably of the next one too
  std::function<void(const std::string&, reactor::Sender&)> onUnknown_;
  std::function<void(const Error&)> onError_;
  ErrorLog log_;
  RateLimit warnings_;

  std::atomic<std::uint64_t> handled_{0}, failed_{0}, unknown_{0}, malformed_{0}, expired_{0}, cancelled_{0};

  std::unique_ptr<Figures> figures_;  // last: it reads what stands before it
};

}  // namespace dividere::detail
