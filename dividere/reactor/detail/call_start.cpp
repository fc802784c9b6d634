#include "call_start.hpp"

#include "../../core/detail/options.hpp"
#include "handling_scope.hpp"

namespace dividere::detail {

CallTerms termsOf(const Deadline& deadline, const CallOptions* options) {
  CallTerms terms;
  terms.deadline = options && options->outlivesRequest ? deadline : earlier(deadline, HandlingScope::deadline());
  if (options) terms.isRepeatable = options->repeatable;
  if (options && options->repeatable) terms.hedgeAfter = clampedPeriod(options->hedgeAfter);
  return terms;
}

CallHandle startCall(CallDesk& desk, const google::protobuf::Message& request, CallTerms terms,
                     const CallOptions* options, CallHandle::Follower follower) {
  terms.takesParts = !follower;  // who gives a callback away cannot ask for them any more
  const auto call = desk.prepare(request, terms, options);
  CallHandle handle(call);
  if (follower) handle.follow(std::move(follower), false);
  desk.begin(call);
  return handle;
}

CallHandle startStream(CallDesk& desk, const google::protobuf::Message& request, const Deadline& deadline,
                       const CallOptions* options) {
  CallTerms terms = termsOf(deadline, options);
  terms.partsOnce = !options;
  return startCall(desk, request, terms, options, nullptr);
}

}  // namespace dividere::detail
