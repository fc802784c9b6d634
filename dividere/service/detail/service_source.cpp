#include "service_source.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "../../messaging/detail/framework_messages.hpp"

namespace dividere::detail {

ServiceSource::ServiceSource(const service::ServiceOptions& options, HandlerTable& handlers, ReactorLoop& loop,
                             HandlerPool* pool)
    : RouterSource(kService, options.socket, handlers), pool_(pool), late_(std::make_shared<LateReplies>(loop, *this)) {
  if (socket().bindToFirstFree(options.firstPort, options.lastPort)) return;
  throw Error(Errc::noFreePort, std::string(kService) + ": bind one of the ports [" +
                                    std::to_string(options.firstPort) + ", " + std::to_string(options.lastPort) + "]");
}

bool ServiceSource::hasMessage() {
  if (!pool_ || !pool_->isFull()) return RouterSource::hasMessage();
  socket().decline();  // until the pool has room again
  return false;
}

void ServiceSource::take() {
  Frame& body = receive();
  CallFields fields;
  if (readCallFields(body.view(), fields)) setTerms(RequestTerms(fields));
  if (fields.asksFeatures) tellFeatures();
  if (!pool_) return dispatch(body);
  pool_->add({route_, std::move(body), terms()});
}

// At once, so that whoever asked can make use of it while its handler runs.
void ServiceSource::tellFeatures() {
  Features told;
  told.features = kServiceFeatures;
  Frame frame{std::string_view(sealEnvelope(Features::kType, told.encode()))};
  sendTo(route_, frame);
}

void ServiceSource::refuseRest(const std::string& who) {
  std::vector<connection::Route> routes = late_->close();
  if (pool_) {
    for (HandlerPool::Job& job : pool_->takeRest()) routes.push_back(std::move(job.route));
  }
  refuseAll(std::move(routes), Error(Errc::stopping, who));
}

PooledOrigin::PooledOrigin(HandlerPool::Job& job, ReactorLoop& loop, ServiceSource& source)
    : loop_(loop), source_(source) {
  route_ = std::move(job.route);
  setTerms(job.terms);
}

void PooledOrigin::send(Frame& frame) {
  if (isReplied()) {
    throw Error(Errc::outOfTurn, std::string(kService) + ": send: this request has had its reply");
  }
  source_.socket().requireSendable(frame.size());
  loop_.post([source = &source_, route = route_, shared = std::make_shared<Frame>(std::move(frame))] {
    source->sendTo(route, *shared);
  });
}

}  // namespace dividere::detail
