// A class derived from a reactor keeps state: its handlers run one at a time, in one thread, so it needs no lock.

#include <dividere.hpp>
#include <iostream>
#include <string>

#include "clientMsgs.pb.h"

namespace messaging = dividere::messaging;
namespace reactor = dividere::reactor;

class Counter : public reactor::MtMsgReactor {
 public:
  explicit Counter(messaging::Response socket) {
    add(std::move(socket));
    on(&Counter::countUp);
    on(&Counter::tell);
  }
  ~Counter() { stop(); }  // before the members that the handlers use are gone

 private:
  Msg02 countUp(const Msg02& message) {
    total_ += message.field2();
    return tellTotal("counted");
  }

  void tell(const Msg01& question, reactor::Sender& sender) { sender.send(tellTotal(question.field1())); }

  Msg02 tellTotal(const std::string& text) const {
    Msg02 answer;
    answer.set_field1(text);
    answer.set_field2(total_);
    return answer;
  }

  int total_ = 0;
};

int main() {
  messaging::Response socket("tcp://*:*");
  messaging::Request request("tcp://localhost:" + std::to_string(socket.port()));
  Counter counter(std::move(socket));
  counter.start();

  for (int i = 1; i <= 4; ++i) {
    Msg02 more;
    more.set_field2(i);
    request.send(more);
    std::cout << request.recv<Msg02>().field1() << " " << i << "\n";
  }
  Msg01 question;
  question.set_field1("in all:");
  request.send(question);
  const Msg02 answer = request.recv<Msg02>();
  std::cout << answer.field1() << " " << answer.field2() << "\n";
}
