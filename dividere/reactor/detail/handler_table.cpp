#include "handler_table.hpp"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <set>
#include <utility>

#include "../../core/detail/text.hpp"
#include "../../messaging/dealer.hpp"
#include "../../messaging/detail/codec.hpp"
#include "../../messaging/detail/error_envelope.hpp"
#include "../../messaging/detail/message_types.hpp"
#include "handling_scope.hpp"
#include "traced_handling.hpp"

namespace dividere::detail {

void HandlerTable::requireOpen() const {
  if (sealed_) throw Error(Errc::outOfTurn, who_ + ": handlers are set before start()");
}

void HandlerTable::set(const std::string* method, Entry entry) {
  requireOpen();
  if (!method) {
    std::string type(typeOf(*entry.message));
    byType_[std::move(type)] = std::move(entry);
    return;
  }
  if (method->empty() || method->size() > kLongestMethod) {
    throw Error(std::make_error_code(std::errc::invalid_argument),
                who_ + ": a method's name has 1 to " + std::to_string(kLongestMethod) + " bytes");
  }
  entry.method = *method;
  byMethod_[*method] = std::move(entry);
}

static HandlerTable::Entry* findIn(std::map<std::string, HandlerTable::Entry, std::less<>>& entries,
                                   std::string_view name) {
  const auto found = entries.find(name);
  return found == entries.end() ? nullptr : &found->second;
}

HandlerTable::Entry* HandlerTable::findMethod(std::string_view method) { return findIn(byMethod_, method); }

HandlerTable::Entry* HandlerTable::findType(std::string_view type) { return findIn(byType_, type); }

void HandlerTable::setUnknown(std::function<void(const std::string&, reactor::Sender&)> hook) {
  requireOpen();
  onUnknown_ = std::move(hook);
}

void HandlerTable::setError(std::function<void(const Error&)> hook) {
  requireOpen();
  onError_ = std::move(hook);
}

void HandlerTable::seal(std::string who) {
  if (sealed_) return;  // by a second start(), which is refused, while handlers run
  who_ = std::move(who);
  sealed_ = true;
  if (!handlesNothing()) figures_ = std::make_unique<Figures>(*this);
}

/// Of "service::Service 'demo.Echo'", in place of its kind and name.
static void nameHandlers(std::string_view who, Statistics& statistics) {
  const std::string_view own = who.substr(std::min(who.find("::"), who.size()));
  statistics.kind = std::string(who.substr(0, who.size() - own.size())) + " handlers";
  if (own.substr(0, 8) == "::Worker") statistics.kind = "worker handlers";
  const std::size_t quote = own.find('\'');
  if (quote != own.npos) statistics.name = own.substr(quote + 1, own.size() - quote - 2);
}

// Called under processMutex(), when nothing is set any more.
Statistics HandlerTable::statistics() const {
  Statistics statistics;
  nameHandlers(who_, statistics);
  statistics.refused = unknown_ + malformed_;
  statistics.expired = expired_;
  statistics.handlers = times();
  return statistics;
}

std::vector<HandlerTime> HandlerTable::times() const {
  std::vector<HandlerTime> times;
  times.reserve(byMethod_.size() + byType_.size());
  std::set<const HandlerClock*> read;  // a method and its type may share one
  for (const auto* entries : {&byMethod_, &byType_}) {
    for (const auto& [handles, entry] : *entries) {
      if (read.insert(entry.clock.get()).second) times.push_back(entry.clock->read(handles));
    }
  }
  return times;
}

void HandlerTable::dispatch(std::string_view bytes, Origin& origin) noexcept {
  try {
    handle(bytes, origin);
  } catch (const Error& error) {
    refuseUntaken(origin, error);
  } catch (const std::exception& error) {
    // Out of memory, say, while parsing.
    refuseFailed(origin, Error(Errc::handlerFailed, who_ + ": " + error.what(), error.what()), true);
  }
}

/// Opens the envelope, in the short way if it is of the last one's type.
HandlerTable::Opened HandlerTable::open(std::string_view bytes) {
  Opened opened;
  opened.entry = last_.load(std::memory_order_relaxed);
  if (opened.entry && openEnvelopeOf(*opened.entry->message, bytes, opened.payload)) {
    // The fields of a call are all that is behind the payload.
    const std::string_view tail(
        opened.payload.data() + opened.payload.size(),
        static_cast<std::size_t>(bytes.data() + bytes.size() - (opened.payload.data() + opened.payload.size())));
    opened.hasFields = !tail.empty() && readCallFields(tail, opened.fields);
    return opened;
  }
  opened.envelope = openEnvelope(who_, bytes);
  opened.payload = opened.envelope.payload;
  opened.entry = nullptr;
  opened.hasFields = readCallFields(bytes, opened.fields);
  return opened;
}

/// Null if nobody handles it.
const HandlerTable::Entry* HandlerTable::findEntry(const Opened& message) const {
  const Entry* const guess = message.entry;
  const std::string_view method = message.fields.method;
  if (guess && guess->method == method) return guess;
  const std::string_view type = guess ? typeOf(*guess->message) : message.envelope.type;
  const auto& entries = method.empty() ? byType_ : byMethod_;
  const auto found = entries.find(method.empty() ? type : method);
  return found != entries.end() && typeOf(*found->second.message) == type ? &found->second : nullptr;
}

void HandlerTable::handle(std::string_view bytes, Origin& origin) {
  const Opened opened = open(bytes);
  const Entry* const entry = findEntry(opened);
  if (!entry) return handleUnknown(opened, origin);
  last_.store(entry, std::memory_order_relaxed);
  if (opened.hasFields && !origin.hasTerms()) origin.setTerms(RequestTerms(opened.fields));
  if (origin.terms().deadline.passed()) return refuseExpired(origin);
  const std::unique_ptr<google::protobuf::Message> own(parallel_ ? entry->message->New() : nullptr);
  google::protobuf::Message& message = own ? *own : *entry->message;
  parsePayload(who_, opened.payload, message);
  callHandler(*entry, message, origin, opened.fields);
}

void HandlerTable::callHandler(const Entry& entry, const google::protobuf::Message& message, Origin& origin,
                               const CallFields& fields) {
  TracedHandling traced(fields.trace, who_, entry.method.empty() ? typeOf(message) : entry.method);
  const auto what = [&] { return who_ + ": handler of '" + std::string(typeOf(message)) + "'"; };
  try {
    origin.setReplyRule(entry.replyRule);
    reactor::Sender sender(origin);
    const HandlingScope scope(origin.terms().deadline);
    const HandlerStopwatch stopwatch(*entry.clock);
    entry.handle(message, sender);
    origin.endHandling();
  } catch (...) {
    origin.endHandling();
    if (origin.isKnownCancelled()) return countCancelled(1);
    const Error error = currentAsHandlerError(what());
    traced.fail(error.text());
    return refuseFailed(origin, error, true);
  }
  if (origin.isKnownCancelled() && !origin.isReplied()) return countCancelled(1);
  if (origin.owesReply() && !origin.isReplied() && !origin.isDeferred()) {
    constexpr const char* kText = "it sent no reply";
    traced.fail(kText);
    return refuseFailed(origin, Error(Errc::handlerFailed, what() + ": " + kText, kText), true);
  }
  ++handled_;
}

void HandlerTable::refuseExpired(Origin& origin) {
  ++expired_;
  refuse(origin, Error(Errc::deadlinePassed, who_ + ": the request had expired before its handler could run"));
}

void HandlerTable::handleUnknown(const Opened& message, Origin& origin) {
  const std::string_view type = message.entry ? typeOf(*message.entry->message) : message.envelope.type;
  DividereError told;
  // A reply that says there is none has nothing to reply to; but a Response has asked nothing, and owes one.
  if (type == DividereError::kType && !origin.owesReply() && told.decode(message.payload)) {
    return report(asError(who_, told), origin);
  }
  ++unknown_;
  const std::string text = whyUnknown(type, message.fields.method);
  warnings_.log(LogLevel::warning, who_, text);
  if (onUnknown_) callUnknownHook(type, origin);
  refuse(origin, Error(Errc::unknownType, who_ + ": " + text));
}

std::string HandlerTable::whyUnknown(std::string_view type, std::string_view method) const {
  if (method.empty()) return "no handler for '" + shown(type) + "'";
  const auto found = byMethod_.find(method);
  if (found == byMethod_.end()) return "no method '" + shown(method) + "'";
  return "method '" + shown(method) + "' takes '" + std::string(typeOf(*found->second.message)) + "', not '" +
         shown(type) + "'";
}

void HandlerTable::callUnknownHook(std::string_view type, Origin& origin) noexcept {
  try {
    reactor::Sender sender(origin);
    onUnknown_(isTypeName(type) ? std::string(type) : shown(type), sender);
  } catch (...) {
    report(currentAsHandlerError(who_ + ": the hook for unknown types"));
  }
}

void HandlerTable::refuseUntaken(Origin& origin, const Error& error) noexcept {
  if (error.code() != Errc::malformed) return refuseFailed(origin, error, true);
  ++malformed_;
  report(error, origin);
  refuse(origin, error);
}

void HandlerTable::refuseFailed(Origin& origin, const Error& error, bool tell) noexcept {
  ++failed_;
  report(error);
  if (tell) refuse(origin, error);
}

void HandlerTable::lateFailed(const Error& error) noexcept {
  ++failed_;
  report(error);
}

void HandlerTable::report(const Error& error, const Origin& origin) noexcept {
  if (origin.route().empty()) return report(error);
  try {
    report(messaging::Dealer::RoutedError(error, origin.route()));
  } catch (const std::exception&) {
    report(error);  // no memory for the route
  }
}

void HandlerTable::report(const Error& error) noexcept {
  log_.write(who_, error);
  if (!onError_) return;
  try {
    onError_(error);
  } catch (...) {
    warnings_.log(LogLevel::error, who_, "the error hook threw");
  }
}

void HandlerTable::refuse(Origin& origin, const Error& error) noexcept {
  if (!origin.wantsErrors() || origin.isReplied() || origin.isDeferred()) return;
  try {
    // Where messages are to be short: without its text, or, to get unstuck, without anything.
    if (tryReply(origin, errorEnvelope(error)) || tryReply(origin, errorEnvelope(Error(error.code(), "")))) return;
    if (origin.owesReply()) tryReply(origin, {});
  } catch (const Error& failure) {
    log_.write(who_, failure);
  } catch (const std::exception&) {
    // No memory for that.
  }
}

/// False if this is longer than the socket lets anything be.
bool HandlerTable::tryReply(Origin& origin, const std::string& bytes) {
  try {
    Frame frame{std::string_view(bytes)};
    origin.reply(frame);
    return true;
  } catch (const Error& failure) {
    if (failure.code() != Errc::tooLarge) throw;
    return false;
  }
}

reactor::HandlerStats HandlerTable::stats() const {
  return {handled_.load(), failed_.load(), unknown_.load(), malformed_.load(), expired_.load(), cancelled_.load()};
}

static Description::Method describedMethod(const HandlerTable::Entry& entry, TypeBook& types) {
  Description::Method method{entry.method, std::string(typeOf(*entry.message)), {}, false};
  types.add(*entry.message->GetDescriptor());
  const google::protobuf::Descriptor* returns = entry.replyRule ? entry.replyRule->returns : nullptr;
  if (!returns && entry.reply) returns = entry.reply->GetDescriptor();
  if (!returns) return method;
  types.add(*returns);
  method.output = std::string(returns->full_name());
  method.stream = entry.replyRule && entry.replyRule->isStream;
  return method;
}

// A Description is to stay readable, whatever number of handlers a program has.
constexpr std::size_t kMostTimesTold = 1000;

static void describeTimes(const std::vector<HandlerTime>& times, Description& description) {
  std::size_t told = 0;
  for (const HandlerTime& time : times) {
    if (told++ == kMostTimesTold) return;
    forEachFigure(time, [&](std::string name, std::uint64_t value) {
      description.statistics.push_back({std::move(name), value, {}});
    });
  }
}

void HandlerTable::describe(Description& description, TypeBook& types) const {
  for (const auto* entries : {&byMethod_, &byType_}) {
    description.methods.reserve(description.methods.size() + entries->size());
    for (const auto& [key, entry] : *entries) description.methods.push_back(describedMethod(entry, types));
  }
  const reactor::HandlerStats all = stats();
  const std::pair<const char*, std::uint64_t> figures[] = {
      {"handled_messages", all.handled},     {"failed_messages", all.failed},   {"unknown_messages", all.unknown},
      {"malformed_messages", all.malformed}, {"expired_messages", all.expired}, {"cancelled_messages", all.cancelled}};
  for (const auto& [name, value] : figures) description.statistics.push_back({name, value, {}});
  describeTimes(times(), description);
}

}  // namespace dividere::detail
