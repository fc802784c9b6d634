#include "plugin.hpp"

#define DIVIDERE_IMPLEMENTATION
#include <dividere.hpp>

#include "greeting.pb.h"

namespace {

class Named : public Plugin {
 public:
  explicit Named(const std::string& name) {
    dividere::messaging::Response response("tcp://127.0.0.1:*");
    endpoint_ = response.endpoint();
    reactor_.add(std::move(response));
    reactor_.on([name](const consumer::Greeting&) {
      consumer::Greeting answer;
      answer.set_text(name);
      return answer;
    });
    reactor_.start();
  }

  std::string endpoint() const override { return endpoint_; }

  std::string ask(const std::string& endpoint) const override {
    dividere::messaging::Request request(endpoint);
    request.send(consumer::Greeting());
    const auto answer = request.recv<consumer::Greeting>(std::chrono::seconds(30));
    return answer ? answer->text() : "";
  }

 private:
  dividere::reactor::MtMsgReactor reactor_;
  std::string endpoint_;
};

}  // namespace

Plugin* makePlugin(const char* name) { return new Named(name); }
