#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "../connection/dealer.hpp"
#include "../connection/keys.hpp"
#include "../core/detail/hidden.hpp"
#include "../core/error.hpp"
#include "../core/protobuf_fwd.hpp"
#include "later.hpp"

namespace dividere::detail {
class HandlerTable;
class Origin;

template <class T>
struct Type {
  using type = T;
};

// The type of the first argument of a function, or of a member function.
template <class R, class C, class A, class... B>
Type<std::decay_t<A>> firstArgument(R (C::*)(A, B...));
template <class R, class C, class A, class... B>
Type<std::decay_t<A>> firstArgument(R (C::*)(A, B...) const);
template <class R, class A, class... B>
Type<std::decay_t<A>> firstArgument(R (*)(A, B...));

// The type of the messages that an F handles: of its operator(), else of itself; void if it does not tell.
template <class F>
decltype(firstArgument(&F::operator())) handledType(int);
template <class F>
decltype(firstArgument(std::declval<F>())) handledType(long);
template <class F>
Type<void> handledType(...);

template <class C, class M>
C ownerOfMember(M C::*);

/// Holds a callable so that a std::function can hold this: copies share one that cannot be copied.
template <class F, bool = std::is_copy_constructible_v<F>>
class Callable {
 public:
  explicit Callable(F&& function) : function_(std::move(function)) {}
  F& get() { return function_; }

 private:
  F function_;
};
template <class F>
class Callable<F, false> {
 public:
  explicit Callable(F&& function) : function_(std::make_shared<F>(std::move(function))) {}
  F& get() { return *function_; }

 private:
  std::shared_ptr<F> function_;
};

/// Whether a handler may return an R: nothing, or the message that is the reply.
template <class R>
constexpr bool isReply = std::is_void_v<R> || std::is_convertible_v<R, const google::protobuf::Message&>;
}  // namespace dividere::detail

namespace dividere::reactor {

/// The way back to where a message came from. Valid while its handler runs, in that thread.
class Sender {
 public:
  /// Replies: from a Response its one reply, from a Dealer any number of messages along the route, from a Request the
  /// next request. Throws Error{outOfTurn} for a second reply, and for a message that came by a Subscriber, which has
  /// no way back.
  void send(const google::protobuf::Message& message);

  /// Sends a part ahead of the reply: progress, or one of a stream. Does nothing for callers that take no parts. 32 may be under
  /// way; for more it waits until the caller has taken some, for as long as the caller waits. Throws Error{cancelled} if the call is
  /// given up, Error{stopping} if the service is stopped, Error{deadlinePassed} after the caller's time. Throws Error{overloaded}
  /// while more than 1000 requests wait for a Service of one thread, or its callers have more to read than it keeps. Throws
  /// Error{outOfTurn} after the reply, and where parts cannot be sent, as by a reactor's Response.
  void sendPart(const google::protobuf::Message& part);

  /// What is left of the caller's time, which runs from when the request was received; 0 once it has passed, milliseconds::max() if
  /// the caller named no limit. Calls that the handler makes end by then, too, unless they say otherwise.
  std::chrono::milliseconds remaining() const;

  /// Whether the client has given the request up, and said so; clients of this library say so to a Service and to a Worker. What is
  /// sent then goes nowhere. In a Service of one thread this call itself looks for the news, which it finds behind less than 1000
  /// other requests.
  ///
  /// In a Service, and for a Response of a reactor, also whether the connection by which the request came has ended: its client was
  /// killed, say. A reply is then sent all the same; a client that is back by its own routing id gets it. The first question, or
  /// onCancel(), or defer(), has the connection followed, for which the socket must be monitored (SocketOptions::monitor).
  ///
  /// Not promised: that the end of a client that is behind a Proxy is seen, or of one whose host vanished without a word.
  bool cancelled() const;

  /// Calls `hook` once the request is cancelled: in another thread; in a Service of one thread, inside of cancelled(); here and now,
  /// if it is cancelled already. The hook may still run as the handler returns, but is over before the thread goes on, or before a
  /// Later is destroyed that the reply was left to. The last one set counts, and the former one is over then: onCancel(nullptr)
  /// takes back a hook that uses the handler's variables. Keep it short; what it throws goes to the log.
  void onCancel(std::function<void()> hook);

  /// Leaves the reply to the Later, for any thread and any time. The handler then returns nothing, and send() throws. Throws
  /// Error{outOfTurn} after a reply, and for a message that came neither to a Service or Worker nor by a Dealer or Response; Error{overloaded}
  /// while 100,000 replies are still to come; Error{stopping}.
  Later defer();

  /// The frames that came in front of the message: empty but for a Dealer's.
  const connection::Route& route() const;

  /// Who sent the message, as its key proves (dividere::secure). All empty if that is not known: without security, and if it came by
  /// a connection that this side has made. In a balancing::Worker it is the client, as the broker vouches, whose key the worker
  /// knows; empty if the broker does not vouch.
  const Peer& peer() const;

  explicit Sender(detail::Origin& origin) : origin_(origin) {}
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

 private:
  detail::Origin& origin_;
};

/// How many messages came to what end.
struct HandlerStats {
  std::uint64_t handled = 0;    ///< a handler ran to its end
  std::uint64_t failed = 0;     ///< a handler threw
  std::uint64_t unknown = 0;    ///< no handler for the type
  std::uint64_t malformed = 0;  ///< no message at all
  std::uint64_t expired = 0;    ///< the caller's time had passed before a handler could run
  std::uint64_t cancelled = 0;  ///< given up by the client before a handler had replied
};

/// What Handling keeps, for any Derived.
class HandlerSet {
 public:
  /// Any thread.
  HandlerStats handlerStats() const;

 protected:
  HandlerSet();
  ~HandlerSet();
  HandlerSet(const HandlerSet&) = delete;
  HandlerSet& operator=(const HandlerSet&) = delete;

  detail::HandlerTable& handlers() const { return *table_; }

  using Handler = std::function<void(const google::protobuf::Message&, Sender&)>;

  // Without a method: for the type. `reply` is of the type that the handler returns; null if it does not tell.
  void setHandler(const std::string* method, std::shared_ptr<google::protobuf::Message> reused,
                  std::shared_ptr<const google::protobuf::Message> reply, Handler handler);
  void setUnknown(std::function<void(const std::string&, Sender&)> hook);
  void setError(std::function<void(const Error&)> hook);

 private:
  detail::Hidden<detail::HandlerTable> table_;
};

/// Handlers by message type: what a reactor, a Worker and a Service have in common (in Python: the methods of a
/// derived class that are named after a message). All are set before start(); each call throws Error{outOfTurn} after it.
///
/// Handlers run one at a time, in the thread of the object (in its threads, where it has several). What one throws
/// is reported, whoever waits for a reply is told (Errc::handlerFailed and the text that it threw), and things go on.
///
/// A class that derives from two of these, a Service and an MtMsgReactor say, has two sets of handlers: it says which one
/// it means, as in Service::on(...).
template <class Derived>
class Handling : public HandlerSet {
 public:
  /// Handles messages of type T with `handler`: R(const T&) or R(const T&, Sender&), where R is void or a message,
  /// which is sent as the reply. A lambda, whatever it captures, a function, or a member function of the class derived
  /// from this one (&MyReactor::handleMsg01). The last one set for a type counts.
  template <class F>
  Derived& on(F handler) {
    using T = typename decltype(detail::handledType<F>(0))::type;
    static_assert(
        !std::is_void_v<T>,
        "dividere: the handler does not tell which messages it takes, as it is generic, overloaded, the result of "
        "std::bind, or takes nothing: name the type, on<Msg>(handler), or write a lambda that takes a const Msg&");
    if constexpr (!std::is_void_v<T>) return setFor<T>(nullptr, std::move(handler));
  }

  /// The same for a handler that takes other types, too: a generic lambda, or the result of std::bind.
  template <class T, class F>
  Derived& on(F handler) {
    return setFor<T>(nullptr, std::move(handler));
  }

  /// Handles requests that name this method (CallOptions::method), so that two methods may take one type. A request that
  /// names no method goes by its type, to a handler without a method; one that names a method which nobody handles, or which
  /// takes another type, is refused with Errc::unknownType. Throws std::errc::invalid_argument for a name that is empty or has
  /// more than 255 bytes.
  template <class F>
  Derived& on(const std::string& method, F handler) {
    using T = typename decltype(detail::handledType<F>(0))::type;
    static_assert(!std::is_void_v<T>,
                  "dividere: the handler does not tell which messages it takes: name the type, on<Msg>(\"Method\", "
                  "handler), or write a lambda that takes a const Msg&");
    if constexpr (!std::is_void_v<T>) return setFor<T>(&method, std::move(handler));
  }
  template <class T, class F>
  Derived& on(const std::string& method, F handler) {
    return setFor<T>(&method, std::move(handler));
  }

  // The same for one of several overloaded functions:
  template <class T, class R>
  Derived& on(R (*handler)(const T&)) {
    return setFor<T>(nullptr, handler);
  }
  template <class T, class R>
  Derived& on(R (*handler)(const T&, Sender&)) {
    return setFor<T>(nullptr, handler);
  }
  template <class T, class R, class C>
  Derived& on(R (C::*handler)(const T&)) {
    return setFor<T>(nullptr, handler);
  }
  template <class T, class R, class C>
  Derived& on(R (C::*handler)(const T&, Sender&)) {
    return setFor<T>(nullptr, handler);
  }

  /// Called for a message that has no handler, or whose type is not linked into the program: with its type's full
  /// name, and with the Sender if it takes one. If it does not reply, whoever waits is sent Errc::unknownType.
  template <class F>
  Derived& onUnknown(F hook) {
    constexpr bool takesSender = std::is_invocable_v<F&, const std::string&, Sender&>;
    constexpr bool takesType = std::is_invocable_v<F&, const std::string&>;
    static_assert(takesSender || takesType || std::is_invocable_v<F&>,
                  "dividere: the hook takes nothing, the type's name (const std::string&), or the name and a Sender&");
    setUnknown([held = detail::Callable<F>(std::move(hook))]([[maybe_unused]] const std::string& type,
                                                             [[maybe_unused]] Sender& sender) mutable {
      if constexpr (takesSender) {
        held.get()(type, sender);
      } else if constexpr (takesType) {
        held.get()(type);
      } else if constexpr (std::is_invocable_v<F&>) {
        held.get()();
      }
    });
    return static_cast<Derived&>(*this);
  }

  /// Called with what went wrong: a handler that threw (Errc::handlerFailed), bytes that are no message
  /// (Errc::malformed), a reply that says it is none (its Errc). The last two, if they came with a route, are a
  /// messaging::Dealer::RoutedError. Takes a const Error&, a const std::exception&, or the text.
  template <class F>
  Derived& onError(F hook) {
    constexpr bool takesError = std::is_invocable_v<F&, const Error&>;
    constexpr bool takesPointer = std::is_invocable_v<F&, std::exception_ptr>;
    static_assert(
        takesError || takesPointer || std::is_invocable_v<F&, std::string>,
        "dividere: the hook takes a const Error&, a const std::exception&, a std::exception_ptr, or the text");
    setError([held = detail::Callable<F>(std::move(hook))](const Error& error) mutable {
      if constexpr (takesError) {
        held.get()(error);
      } else if constexpr (takesPointer) {
        held.get()(std::make_exception_ptr(error));
      } else if constexpr (std::is_invocable_v<F&, std::string>) {
        held.get()(std::string(error.what()));
      }
    });
    return static_cast<Derived&>(*this);
  }

 private:
  template <class T, class F>
  Derived& setFor(const std::string* method, F handler) {
    constexpr bool isMessage = std::is_base_of_v<google::protobuf::Message, T> && !std::is_abstract_v<T>;
    static_assert(isMessage, "dividere: a handler takes a message of one protobuf type first, by const reference");
    if constexpr (!isMessage) {
      return static_cast<Derived&>(*this);
    } else if constexpr (std::is_member_function_pointer_v<F>) {
      return setMember<T>(method, handler);
    } else {
      return setCallable<T>(method, std::move(handler));
    }
  }

  template <class T, class F>
  Derived& setMember(const std::string* method, F handler) {
    using Class = decltype(detail::ownerOfMember(handler));
    constexpr bool isDerived = std::is_base_of_v<Derived, Class>;
    static_assert(isDerived,
                  "dividere: a member function that handles messages is one of the class derived from this one");
    if constexpr (isDerived) {
      auto* self = static_cast<Class*>(static_cast<Derived*>(this));
      if constexpr (std::is_invocable_v<F, Class&, const T&, Sender&>) {
        return setCallable<T>(method, [self, handler](const T& message, Sender& sender) -> decltype(auto) {
          return (self->*handler)(message, sender);
        });
      } else {
        return setCallable<T>(
            method, [self, handler](const T& message) -> decltype(auto) { return (self->*handler)(message); });
      }
    }
  }

  template <class T, class F>
  Derived& setCallable(const std::string* method, F handler) {
    constexpr bool takesMessage = std::is_invocable_v<F&, const T&> || std::is_invocable_v<F&, const T&, Sender&>;
    static_assert(
        takesMessage,
        "dividere: a handler takes its message by const reference, and a Sender& after it if it likes: nothing "
        "else, and not the message by plain reference");
    if constexpr (takesMessage) {
      setHandler(method, std::make_shared<T>(), replyOf<resultOf<T, F>>(),
                 [held = detail::Callable<F>(std::move(handler))](const google::protobuf::Message& message,
                                                                  Sender& sender) mutable {
                   handleOne<T>(held.get(), static_cast<const T&>(message), sender);
                 });
    }
    return static_cast<Derived&>(*this);
  }

  template <class T, class F>
  static auto resultIn() {
    if constexpr (std::is_invocable_v<F&, const T&, Sender&>) {
      return detail::Type<std::invoke_result_t<F&, const T&, Sender&>>();
    } else {
      return detail::Type<std::invoke_result_t<F&, const T&>>();
    }
  }
  template <class T, class F>
  using resultOf = typename decltype(resultIn<T, F>())::type;

  /// One of the type that a handler returns; null for void, and for any message.
  template <class R>
  static std::shared_ptr<const google::protobuf::Message> replyOf() {
    using Reply = std::decay_t<R>;
    if constexpr (std::is_default_constructible_v<Reply> && std::is_convertible_v<Reply*, google::protobuf::Message*>) {
      return std::make_shared<Reply>();
    } else {
      return nullptr;
    }
  }

  template <class T, class F>
  static void handleOne(F& handler, const T& message, Sender& sender) {
    if constexpr (std::is_invocable_v<F&, const T&, Sender&>) {
      sendResult<std::invoke_result_t<F&, const T&, Sender&>>(
          sender, [&]() -> decltype(auto) { return handler(message, sender); });
    } else {
      sendResult<std::invoke_result_t<F&, const T&>>(sender, [&]() -> decltype(auto) { return handler(message); });
    }
  }

  template <class R, class Call>
  static void sendResult(Sender& sender, const Call& call) {
    static_assert(detail::isReply<R>, "dividere: a handler returns nothing, or the message that is the reply");
    if constexpr (std::is_void_v<R>) {
      call();
    } else if constexpr (detail::isReply<R>) {
      sender.send(call());
    }
  }
};

}  // namespace dividere::reactor
