#pragma once

// What an endpoint tells of itself to those who ask, and whom it tells.

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "../../connection/detail/socket.hpp"
#include "ask_rate.hpp"
#include "description_format.hpp"
#include "type_book.hpp"

namespace dividere::detail {

/// Who is told, as DIVIDERE_DESCRIBE says.
enum class DescribeRule { off, local, all };

/// Of this process, as the environment says now.
DescribeRule describeRule();

/// The routing id of every ROUTER that can be asked: those who connect see it, and ask no others.
constexpr std::string_view kDescribedRoutingId = "dividere/describe";

/// The routing id of a ROUTER that is to be bound; empty if it is not to be asked.
std::string_view describedRoutingId();

/// Of one socket that binds. In the thread that uses the socket.
class Describing {
 public:
  /// What its owner adds: methods, types, figures.
  using Extras = std::function<void(Description&, TypeBook&)>;

  explicit Describing(Socket& socket, Extras extras = nullptr);

  /// Gives a ROUTER its routing id, before it is bound.
  void announce();

  bool isOn() const { return rule_ != DescribeRule::off; }

  /// Whether the message is a question, as a ROUTER gets it. Fast for what is none.
  bool isQuestion(std::string_view envelope) const {
    return isOn() && envelope.size() > 1 && envelope[1] == static_cast<char>(DescribeReq::kType.size()) &&
           isNamedQuestion(envelope);
  }

  /// The reply to such a question: an envelope, of an error where there is no Description. `names`: how many frames came in
  /// front of it, but for empty ones.
  std::string replyTo(const Frame& question, std::size_t names);

  /// Whether this peer may be told; `isDirect`: no forwarder is between.
  bool mayTell(const Frame& question, bool isDirect) const;

  /// What others are told: an error, enveloped.
  std::string refusal() const;

  /// Whether `peer` does not ask too often.
  bool hasTurn(const std::string& peer) { return rate_.allow(peer, AskRate::Clock::now()); }

  /// The Description, enveloped: without its files if they have that hash, or there is no room for them.
  std::string envelope(std::string_view knownHash);

  TypeBook& types() { return types_; }

 private:
  static bool isNamedQuestion(std::string_view envelope);
  std::string replyOrFail(const Frame& question, std::size_t names);
  Description describe(std::string_view knownHash);

  const DescribeRule rule_;
  const AskRate::Clock::time_point made_ = AskRate::Clock::now();
  Socket& socket_;
  const Extras extras_;
  TypeBook types_;
  AskRate rate_;
};

/// Adds what the socket counts, and its kind and name if there is none yet.
void addStatistics(Description& description, Socket& socket);

}  // namespace dividere::detail
