#include "describing.hpp"

#include <unistd.h>
#include <zmq.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <mutex>
#include <string>

#include "../../connection/detail/connection_mark.hpp"
#include "../../connection/detail/native_socket.hpp"
#include "../../core/detail/never_destroyed.hpp"
#include "../../core/version.hpp"
#include "envelope_format.hpp"
#include "error_envelope.hpp"

namespace dividere::detail {

constexpr const char* kDescribingRule = "DIVIDERE_DESCRIBE";

DescribeRule describeRule() {
  const char* const set = std::getenv(kDescribingRule);
  const std::string_view wanted = set ? set : "";
  if (wanted.empty() || wanted == "local") return DescribeRule::local;
  if (wanted == "all") return DescribeRule::all;
  if (wanted != "off") {
    log(LogLevel::warning, kDescribingRule,
        "'" + std::string(wanted) + "' is neither local nor all nor off: nothing is described");
  }
  return DescribeRule::off;
}

std::string_view describedRoutingId() {
  return describeRule() == DescribeRule::off ? std::string_view() : kDescribedRoutingId;
}

Describing::Describing(Socket& socket, Extras extras)
    : rule_(describeRule()), socket_(socket), extras_(std::move(extras)) {}

void Describing::announce() {
  if (isOn()) socket_.set(ZMQ_ROUTING_ID, kDescribedRoutingId.data(), kDescribedRoutingId.size());
}

// --- Who asks ---

bool Describing::isNamedQuestion(std::string_view envelope) {
  static NeverDestroyed<std::string> prefix(envelopePrefix(DescribeReq::kType));
  return envelope.substr(0, prefix->size()) == *prefix;
}

// A forwarder on this host may ask for others.
bool Describing::mayTell(const Frame& question, bool isDirect) const {
  if (rule_ == DescribeRule::all) return true;
  if (rule_ == DescribeRule::off) return false;
  if (socket_.gate()) return true;  // all who come in have been let in
  return isDirect && question.isFromThisHost();
}

/// A DEALER may be a forwarder's: then there are the names of others behind its own.
static bool isDirect(const Frame& question, std::size_t names) {
  return names <= 1 || question.socketType() != "DEALER";
}

/// What tells a connection from others; all of inproc are one.
static std::string askerOf(const Frame& question) {
  return std::to_string(reinterpret_cast<std::uintptr_t>(ConnectionMark::keyOf(question)));
}

std::string Describing::refusal() const {
  return errorEnvelope(
      Error(Errc::unauthorized, socket_.who() + " describes itself to its own host only (DIVIDERE_DESCRIBE)"));
}

std::string Describing::replyTo(const Frame& question, std::size_t names) {
  try {
    return replyOrFail(question, names);
  } catch (const Error& error) {
    return errorEnvelope(error);
  }
}

std::string Describing::replyOrFail(const Frame& question, std::size_t names) {
  const std::string& who = socket_.who();
  if (!mayTell(question, isDirect(question, names))) return refusal();
  DescribeReq request;
  if (!request.decode(openEnvelope(who, question.view()).payload)) {
    throw Error(Errc::malformed, who + ": " + std::string(DescribeReq::kType));
  }
  if (!hasTurn(askerOf(question))) {
    throw Error(Errc::overloaded, who + " was asked to describe itself too often");
  }
  return envelope(request.knownHash);
}

// --- What it tells ---

std::string Describing::envelope(std::string_view knownHash) {
  Description description = describe(knownHash);
  std::string whole = sealEnvelope(kDescriptionType, encodeDescription(description));
  const std::int64_t most = socket_.maxMessageBytes();
  if (most < 0 || whole.size() <= static_cast<std::uint64_t>(most)) return whole;
  description.descriptors.clear();
  return sealEnvelope(kDescriptionType, encodeDescription(description));
}

static std::string ownHost() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

static std::string protobufVersion() {
  constexpr int kVersion = GOOGLE_PROTOBUF_VERSION;
  return versionText(kVersion / 1000000, kVersion / 1000 % 1000, kVersion % 1000);
}

constexpr std::size_t kMostConnections = 256;

static void addConnections(Description& description) {
  for (auto& each : connectionsOfProcess(kMostConnections)) {
    description.connections.push_back(
        {std::move(each.kind), std::move(each.name), std::move(each.endpoint), each.messagesIn, each.messagesOut});
  }
}

Description Describing::describe(std::string_view knownHash) {
  Description description;
  description.process = program_invocation_short_name;
  description.pid = static_cast<std::uint32_t>(::getpid());
  description.host = ownHost();
  description.version = dividere::kVersion;
  description.libzmq = zmqVersion();
  description.protobuf = protobufVersion();
  description.uptime = std::chrono::duration_cast<std::chrono::milliseconds>(AskRate::Clock::now() - made_);
  description.clock = std::chrono::system_clock::now();
  addStatistics(description, socket_);
  addConnections(description);
  if (extras_) extras_(description, types_);
  types_.describe(description, knownHash);
  return description;
}

void addStatistics(Description& description, Socket& socket) {
  Statistics figures;
  {
    const std::lock_guard<std::mutex> lock(processMutex());
    figures = socket.tally().read();
  }
  if (description.kind.empty()) description.kind = figures.kind;
  if (description.name.empty()) description.name = figures.name;
  forEachFigure(figures, [&](const char* name, std::uint64_t value) {
    description.statistics.push_back({name, value, figures.endpoint});
  });
  description.statistics.push_back({"waiting_requests", figures.queue, figures.endpoint});
  for (const HandshakeFaults& faults : figures.handshakeFaults) {
    description.statistics.push_back({nameOf(faults), faults.count, figures.endpoint});
  }
}

}  // namespace dividere::detail
