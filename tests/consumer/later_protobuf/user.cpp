// What the header's templates do with a message.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <dividere.hpp>

class Note : public google::protobuf::Message {
 public:
  static const google::protobuf::Descriptor* descriptor();
};

void use() {
  dividere::messaging::Publisher publisher("inproc://notes");
  dividere::messaging::Subscriber subscriber("inproc://notes", dividere::messaging::types<Note>());
  subscriber.subscribe<Note>();
  subscriber.unsubscribe<Note>();
  publisher.send(Note());
  Note note = subscriber.recv<Note>();
  subscriber.recvInto(note);
  dividere::reactor::MtMsgReactor reactor;
  reactor.add(std::move(subscriber)).on([](const Note& heard) { return heard; });
  dividere::balancing::Client("tcp://localhost:5555").call<Note>(note);
  dividere::service::Client("demo.Notes").call<Note>(note, std::chrono::seconds(1));
}
