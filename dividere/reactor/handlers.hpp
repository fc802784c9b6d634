#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "../connection/dealer.hpp"
#include "../core/detail/hidden.hpp"
#include "../core/error.hpp"
#include "../core/protobuf_fwd.hpp"

namespace dividere::detail {
class HandlerTable;
class Origin;

// The type of the first argument of anything that can be called.
template <class R, class C, class A, class... B>
std::decay_t<A> firstArgument(R (C::*)(A, B...));
template <class R, class C, class A, class... B>
std::decay_t<A> firstArgument(R (C::*)(A, B...) const);
template <class R, class A, class... B>
std::decay_t<A> firstArgument(R (*)(A, B...));

template <class C, class M>
C classOf(M C::*);

template <class F, class = void>
struct HandledType {
  using type = decltype(firstArgument(std::declval<F>()));
};
template <class F>
struct HandledType<F, std::void_t<decltype(&F::operator())>> {
  using type = decltype(firstArgument(&F::operator()));
};
}  // namespace dividere::detail

namespace dividere::reactor {

/// The way back to where a message came from. Valid while its handler runs, in that thread.
class Sender {
 public:
  /// Answers: from a Response its one reply, from a Dealer any number of messages along the route, from a Request the
  /// next request. Throws Error{outOfTurn} for a second reply, and for a message that came by a Subscriber, which has
  /// no way back.
  void send(const google::protobuf::Message& message);

  /// The frames that came in front of the message: empty but for a Dealer's.
  const connection::Route& route() const;

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
  void setHandler(std::shared_ptr<google::protobuf::Message> reused, Handler handler);
  void setUnknown(std::function<void(const std::string&, Sender&)> hook);
  void setError(std::function<void(const Error&)> hook);

 private:
  detail::Hidden<detail::HandlerTable> table_;
};

/// Handlers by message type: what a reactor, a Worker and a Service have in common (seeds: the methods of a
/// derived class that are named after a message). All are set before start(); each call throws Error{outOfTurn} after it.
///
/// Handlers run one at a time, in the thread of the object (in its threads, where it has several). What one throws
/// is reported, whoever waits for an answer is told (Errc::handlerFailed and the text), and things go on.
template <class Derived>
class Handling : public HandlerSet {
 public:
  /// Handles messages of type T with `handler`: R(const T&) or R(const T&, Sender&), where R is void or a message,
  /// which is sent as the answer. A lambda, a function, or a member function of the class derived from this one
  /// (&MyReactor::handleMsg01). The last one set for a type counts.
  template <class F>
  Derived& on(F handler) {
    if constexpr (std::is_member_function_pointer_v<F>) {
      using T = typename detail::HandledType<F>::type;
      using Class = decltype(detail::classOf(handler));
      auto* self = static_cast<Class*>(static_cast<Derived*>(this));
      return setFor<T>([self, handler](const T& message, Sender& sender) {
        if constexpr (std::is_invocable_v<F, Class&, const T&, Sender&>) {
          return (self->*handler)(message, sender);
        } else {
          return (self->*handler)(message);
        }
      });
    } else {
      return setFor<typename detail::HandledType<F>::type>(std::move(handler));
    }
  }

  /// Called for a message that has no handler, or whose type is not linked into the program: with its type's full
  /// name, and with the Sender if it takes one. If it does not answer, whoever waits is sent Errc::unknownType.
  template <class F>
  Derived& onUnknown(F hook) {
    if constexpr (std::is_invocable_v<F&, const std::string&, Sender&>) {
      setUnknown(std::move(hook));
    } else if constexpr (std::is_invocable_v<F&, const std::string&>) {
      setUnknown([hook = std::move(hook)](const std::string& type, Sender&) mutable { hook(type); });
    } else {
      setUnknown([hook = std::move(hook)](const std::string&, Sender&) mutable { hook(); });
    }
    return static_cast<Derived&>(*this);
  }

  /// Called with what went wrong: a handler that threw (Errc::handlerFailed), bytes that are no message
  /// (Errc::malformed), a reply that says it is none (its Errc). The last two, if they came with a route, are a
  /// messaging::Dealer::RoutedError. Takes a const Error&, a const std::exception&, or the text.
  template <class F>
  Derived& onError(F hook) {
    if constexpr (std::is_invocable_v<F&, const Error&>) {
      setError(std::move(hook));
    } else if constexpr (std::is_invocable_v<F&, std::exception_ptr>) {
      setError([hook = std::move(hook)](const Error& error) mutable { hook(std::make_exception_ptr(error)); });
    } else {
      setError([hook = std::move(hook)](const Error& error) mutable { hook(std::string(error.what())); });
    }
    return static_cast<Derived&>(*this);
  }

 private:
  template <class T, class F>
  Derived& setFor(F handler) {
    static_assert(std::is_base_of_v<google::protobuf::Message, T>,
                  "a handler takes a protobuf message by const reference, and a Sender& after it if it likes");
    setHandler(std::make_shared<T>(),
               [handler = std::move(handler)](const google::protobuf::Message& message, Sender& sender) mutable {
                 answer<T>(handler, static_cast<const T&>(message), sender);
               });
    return static_cast<Derived&>(*this);
  }

  template <class T, class F>
  static void answer(F& handler, const T& message, Sender& sender) {
    if constexpr (std::is_invocable_v<F&, const T&, Sender&>) {
      if constexpr (std::is_void_v<std::invoke_result_t<F&, const T&, Sender&>>) {
        handler(message, sender);
      } else {
        sender.send(handler(message, sender));
      }
    } else if constexpr (std::is_void_v<std::invoke_result_t<F&, const T&>>) {
      handler(message);
    } else {
      sender.send(handler(message));
    }
  }
};

}  // namespace dividere::reactor
