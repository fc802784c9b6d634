// Two programs with different definitions of one type.
#include <doctest/doctest.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>

#include <dividere.hpp>
#include <memory>
#include <string>
#include <thread>

#include "fields.hpp"
#include "golden.pb.h"
#include "support/limit.hpp"
#include "support/log_capture.hpp"
#include "support/thrown.hpp"

using namespace support;
using namespace dividere::messaging;
using dividere::LogLevel;
using fields::ofBytes;
using fields::ofVarint;
using google::protobuf::FieldDescriptorProto;

namespace {

/// A type of the sender's own, of one field.
class OtherDefinition {
 public:
  OtherDefinition(const std::string& type, int number, FieldDescriptorProto::Type kind) {
    google::protobuf::FileDescriptorProto file;
    file.set_name("other.proto");
    file.set_syntax("proto3");
    auto* message = file.add_message_type();
    message->set_name(type);
    auto* field = message->add_field();
    field->set_name("value");
    field->set_number(number);
    field->set_type(kind);
    field->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    type_ = pool_.BuildFile(file)->message_type(0);
  }

  /// A message whose field has this content.
  std::unique_ptr<google::protobuf::Message> holding(const std::string& text) {
    auto message = make();
    message->GetReflection()->SetString(message.get(), type_->field(0), text);
    return message;
  }
  std::unique_ptr<google::protobuf::Message> holding(std::int64_t number) {
    auto message = make();
    message->GetReflection()->SetInt64(message.get(), type_->field(0), number);
    return message;
  }

 private:
  std::unique_ptr<google::protobuf::Message> make() {
    return std::unique_ptr<google::protobuf::Message>(factory_.GetPrototype(type_)->New());
  }

  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_{&pool_};
  const google::protobuf::Descriptor* type_ = nullptr;
};

/// In its envelope.
std::string in(const std::string& type, const std::string& payload) {
  return fields::envelope(type, "type.googleapis.com/" + type, payload);
}

/// A thread of its own: it looks at the first messages that it gets.
template <class Body>
void inNewThread(const Body& body) {
  std::thread(body).join();
}

}  // namespace

TEST_CASE("a subscriber with another definition of a type than its publisher says which field differs, once") {
  const LogCapture log(LogLevel::warning);
  OtherDefinition other("Msg02", 2, FieldDescriptorProto::TYPE_STRING);
  Publisher publisher("tcp://127.0.0.1:*");
  inNewThread([&] {
    Subscriber subscriber(publisher.endpoint());
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    for (int i = 0; i < 3; ++i) {
      publisher.send(*other.holding("text"));
      CHECK(subscriber.recv(kLimit) != nullptr);
    }
  });
  const auto lines = log.lines("definition");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].text ==
        "messages of Msg02: field 2 'field2' comes as text, bytes, a message or a list, and is of type int32 "
        "here: the sender has another definition of the type");
  CHECK(lines[0].level == LogLevel::warning);
}

TEST_CASE("a message that cannot be parsed is an error that names the field") {
  const ProtoBuffDecoder decoder;
  const auto what = [&](const std::string& type, const std::string& payload) {
    return whatOf([&] { decoder.decode(in(type, payload)); });
  };
  CHECK(contains(what("Msg01", ofBytes(1, "\xFF\xFE")), "field 1 'field1' is no text in UTF-8"));
  CHECK(
      contains(what("Tree", ofBytes(2, ofBytes(2, "no message"))), "field 'child.child' is cut short, or no message"));
  CHECK(contains(what("Tree", ofBytes(2, ofVarint(1, 3) + ofBytes(2, "x"))),
                 "field 1 'child.name' comes as an integer, a bool or an enum, and is of type string here"));
  CHECK(contains(what("Msg01", ofBytes(1, "abc").substr(0, 3)), "it is cut short"));
}

TEST_CASE("a newer definition is no other definition, nor is a list that comes one by one") {
  const LogCapture log(LogLevel::warning);
  inNewThread([] {
    const ProtoBuffDecoder decoder;
    decoder.decode(in("Msg01", ofBytes(1, "abc") + ofBytes(2, "new") + ofVarint(77, 1)));
    decoder.decode(in("Tree", ofVarint(7, 4) + ofVarint(7, 5)));
    decoder.decode(in("Tree", ofBytes(7, "\x04\x05")));
    Scalars all;
    all.set_f64(1), all.set_f32(1), all.set_i32(1), all.set_i64(1), all.set_u32(1), all.set_u64(1), all.set_s32(1);
    all.set_s64(1), all.set_x32(1), all.set_x64(1), all.set_sx32(1), all.set_sx64(1), all.set_b(true), all.set_s("s");
    all.set_raw("\xFF");
    decoder.decode(in("Scalars", all.SerializeAsString()));
    Tree tree;
    (*tree.mutable_count())["one"] = 1;
    tree.add_child()->set_branch("b");
    tree.set_colour(Tree::GREEN);
    decoder.decode(in("Tree", tree.SerializeAsString()));
  });
  CHECK(log.lines().empty());
}
