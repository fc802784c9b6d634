#include <doctest/doctest.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/message_differencer.h>

#include <cstring>
#include <dividere.hpp>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dividere.pb.h"
#include "golden.pb.h"
#include "names.hpp"
#include "packaged.pb.h"
#include "required.pb.h"
#include "support/messages.hpp"
#include "support/thrown.hpp"

using namespace support;
using dividere::Errc;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

namespace {

const dividere::messaging::ProtoBuffEncoder encoder;
const dividere::messaging::ProtoBuffDecoder decoder;

/// The envelope as protobuf's own code makes it.
std::string sealedByProtobuf(const Message& message) {
  msgEnvelope envelope;
  envelope.set_msgname(std::string(message.GetDescriptor()->full_name()));
  static_cast<void>(envelope.mutable_msg()->PackFrom(message));
  return envelope.SerializeAsString();
}

template <class T>
std::unique_ptr<Message> withText(const std::string& text) {
  auto message = std::make_unique<T>();
  message->set_text(text);
  return message;
}

/// One of every kind of name.
std::vector<std::unique_ptr<Message>> oneOfEachName() {
  std::vector<std::unique_ptr<Message>> all;
  all.push_back(std::make_unique<M>());
  all.push_back(std::make_unique<Msg01>(msg01("short")));
  all.push_back(std::make_unique<Empty01>());
  all.push_back(withText<Exactly8>("eight"));
  all.push_back(withText<Exactly8AndMore>("begins with the one above"));
  all.push_back(withText<Name127>("one byte of length"));
  all.push_back(withText<Name128>("two bytes of length"));
  all.push_back(withText<Name300>("more"));
  all.push_back(withText<outer::inner::Note>("packaged"));
  all.push_back(std::make_unique<Note>());
  all.push_back(std::make_unique<outer::inner::Station>());
  all.push_back(std::make_unique<outer::inner::Station::Reading>());
  return all;
}

template <class T>
T roundTrip(const T& message) {
  const auto decoded = decoder.decode(encoder.encode(message));
  REQUIRE(decoded->GetDescriptor() == T::descriptor());
  return static_cast<const T&>(*decoded);
}

template <class Number>
bool sameBits(Number a, Number b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

/// Sets every number of the message to its type's least, greatest or nearest to zero.
template <template <class> class Choose>
void setEveryNumber(Scalars& scalars) {
  scalars.set_f64(Choose<double>::value());
  scalars.set_f32(Choose<float>::value());
  scalars.set_i32(Choose<std::int32_t>::value());
  scalars.set_i64(Choose<std::int64_t>::value());
  scalars.set_u32(Choose<std::uint32_t>::value());
  scalars.set_u64(Choose<std::uint64_t>::value());
  scalars.set_s32(Choose<std::int32_t>::value());
  scalars.set_s64(Choose<std::int64_t>::value());
  scalars.set_x32(Choose<std::uint32_t>::value());
  scalars.set_x64(Choose<std::uint64_t>::value());
  scalars.set_sx32(Choose<std::int32_t>::value());
  scalars.set_sx64(Choose<std::int64_t>::value());
}

template <class Number>
struct Lowest {
  static Number value() { return std::numeric_limits<Number>::lowest(); }
};
template <class Number>
struct Highest {
  static Number value() { return std::numeric_limits<Number>::max(); }
};
template <class Number>
struct Smallest {
  static Number value() {
    return std::numeric_limits<Number>::is_integer ? 1 : std::numeric_limits<Number>::denorm_min();
  }
};
template <class Number>
struct MinusOne {
  static Number value() { return static_cast<Number>(-1); }
};

}  // namespace

// --- Round trips ---

TEST_CASE("every scalar survives the envelope at its limits") {
  std::vector<Scalars> all(5);
  setEveryNumber<Lowest>(all[0]);
  setEveryNumber<Highest>(all[1]);
  setEveryNumber<Smallest>(all[2]);
  setEveryNumber<MinusOne>(all[3]);
  for (Scalars& scalars : all) {
    scalars.set_b(!scalars.b());
    scalars.set_s(std::string("zero \0 and \xF0\x9F\x98\x80", 15));
    for (int byte = 0; byte < 256; ++byte) *scalars.mutable_raw() += static_cast<char>(byte);
    CHECK(MessageDifferencer::Equals(roundTrip(scalars), scalars));
  }
}

TEST_CASE("infinities, not-a-number and minus zero survive bit for bit, as far as protobuf itself keeps them") {
  Scalars minusZero;
  minusZero.set_f64(-0.0);
  const double zero = minusZero.ByteSizeLong() > 0 ? -0.0 : 0.0;  // protobuf 3.12 takes -0.0 for the default value
  using F64 = std::numeric_limits<double>;
  using F32 = std::numeric_limits<float>;
  for (const double value : {F64::infinity(), -F64::infinity(), F64::quiet_NaN(), zero, F64::epsilon(), F64::min()}) {
    Scalars scalars;
    scalars.set_f64(value);
    CHECK(sameBits(roundTrip(scalars).f64(), value));
  }
  for (const float value :
       {F32::infinity(), -F32::infinity(), F32::quiet_NaN(), static_cast<float>(zero), F32::epsilon(), F32::min()}) {
    Scalars scalars;
    scalars.set_f32(value);
    CHECK(sameBits(roundTrip(scalars).f32(), value));
  }
}

TEST_CASE("nested, repeated, map, oneof and enum fields survive the envelope") {
  Tree tree;
  tree.set_name("root \xC3\xBC\xE6\xBC\xA2");
  Tree* child = tree.add_child();
  child->set_branch("");  // set, though it has its default value
  child->set_colour(Tree::GREEN);
  for (int i = 0; i < 1000; ++i) child->add_delta(i % 2 ? -i : i);
  for (int i = 0; i < 100; ++i) (*tree.mutable_count())["key " + std::to_string(i)] = i - 50;
  tree.add_child()->set_leaf(0);
  tree.set_colour(static_cast<Tree::Colour>(77));  // a value of a newer peer

  const Tree decoded = roundTrip(tree);
  CHECK(MessageDifferencer::Equals(decoded, tree));
  CHECK(decoded.child(0).kind_case() == Tree::kBranch);
  CHECK(decoded.child(1).kind_case() == Tree::kLeaf);
  CHECK(decoded.count_size() == 100);
}

TEST_CASE("fields of a message that this program does not know survive the envelope") {
  Msg02 newer;
  newer.set_field1("known");
  newer.set_field2(42);
  Msg01 older;  // knows field1 alone
  REQUIRE(older.ParseFromString(newer.SerializeAsString()));
  Msg02 back;
  REQUIRE(back.ParseFromString(roundTrip(older).SerializeAsString()));
  CHECK(MessageDifferencer::Equals(back, newer));
}

TEST_CASE("an envelope is byte for byte what protobuf's own code writes, whatever the type's name") {
  for (const auto& message : oneOfEachName()) {
    CAPTURE(std::string(message->GetTypeName()));
    const std::string bytes = encoder.encode(*message);
    CHECK(bytes == sealedByProtobuf(*message));
    const auto decoded = decoder.decode(bytes);
    CHECK(decoded->GetDescriptor() == message->GetDescriptor());
    CHECK(MessageDifferencer::Equals(*decoded, *message));
  }
}

TEST_CASE("sizes around each step of a varint fit the envelope") {
  std::vector<std::size_t> sizes = {0, 1, 20000000};
  for (const std::size_t step : {std::size_t{1} << 7, std::size_t{1} << 14, std::size_t{1} << 21}) {
    // The payload's length reaches the step a few bytes before, the Any's some forty.
    for (std::size_t size = step - 50; size < step + 5; ++size) sizes.push_back(size);
  }
  for (const std::size_t size : sizes) {
    CAPTURE(size);
    const Msg01 message = msg01(std::string(size, 'x'));
    const std::string bytes = encoder.encode(message);
    REQUIRE(bytes == sealedByProtobuf(message));
    REQUIRE(decoder.decode(bytes)->ByteSizeLong() == message.ByteSizeLong());
  }
}

TEST_CASE("types<>() names types in full") {
  CHECK(dividere::messaging::types<Msg01, outer::inner::Note, outer::inner::Station::Reading>() ==
        std::vector<std::string>{"Msg01", "outer.inner.Note", "outer.inner.Station.Reading"});
  CHECK(dividere::messaging::types<>().empty());
}

TEST_CASE("the topic of a type begins the envelopes of that type, and of no other") {
  const auto all = oneOfEachName();
  for (const auto& wanted : all) {
    const std::string topic = dividere::messaging::Subscriber::topicId(std::string(wanted->GetTypeName()));
    for (const auto& sent : all) {
      CAPTURE(std::string(sent->GetTypeName()));
      CHECK((encoder.encode(*sent).compare(0, topic.size(), topic) == 0) == (wanted == sent));
    }
  }
}

TEST_CASE("types of one short name and several packages are told apart") {
  Note number;
  number.set_number(7);
  outer::inner::Note text;
  text.set_text("seven");
  CHECK(roundTrip(number).number() == 7);
  CHECK(roundTrip(text).text() == "seven");
}

// --- Messages that have no generated code, or no business being sent ---

namespace {

/// A type of this name in a pool of its own, and messages of it.
struct PrivateType {
  google::protobuf::DescriptorPool pool;
  google::protobuf::DynamicMessageFactory factory{&pool};
  const google::protobuf::Descriptor* type;

  explicit PrivateType(const std::string& name) {
    google::protobuf::FileDescriptorProto file;
    file.set_name("private.proto");
    file.set_syntax("proto3");
    auto* message = file.add_message_type();
    message->set_name(name);
    auto* field = message->add_field();
    field->set_name("field1");
    field->set_number(1);
    field->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
    field->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
    type = pool.BuildFile(file)->FindMessageTypeByName(name);
  }

  std::unique_ptr<Message> make(const std::string& field1) {
    std::unique_ptr<Message> message(factory.GetPrototype(type)->New());
    message->GetReflection()->SetString(message.get(), type->FindFieldByName("field1"), field1);
    return message;
  }
};

}  // namespace

TEST_CASE("a message made at run time, of a private pool, encodes as any other") {
  PrivateType type("Msg01");
  CHECK(encoder.encode(*type.make("dynamic")) == encoder.encode(msg01("dynamic")));
}

TEST_CASE("types of private pools that come and go are not taken for one another") {
  for (int i = 0; i < 200; ++i) {
    const std::string name = "Passing" + std::to_string(i);
    PrivateType type(name);
    const std::string topic = dividere::messaging::Subscriber::topicId(name);
    REQUIRE(encoder.encode(*type.make("x")).compare(0, topic.size(), topic) == 0);
  }
}

TEST_CASE("a message without its required fields is not sent") {
  Order order;
  order.set_id("A1");
  CHECK(codeOf([&] { encoder.encode(order); }) == Errc::incomplete);
  const std::string what = whatOf([&] { encoder.encode(order); });
  CHECK(contains(what, "Order"));
  CHECK(contains(what, "count"));

  order.set_count(3);
  CHECK(roundTrip(order).count() == 3);
  order.mutable_next()->set_id("A2");
  CHECK(codeOf([&] { encoder.encode(order); }) == Errc::incomplete);
}

TEST_CASE("threads may encode and decode at once") {
  const auto messages = oneOfEachName();
  std::vector<std::string> expected;
  for (const auto& message : messages) expected.push_back(sealedByProtobuf(*message));

  std::vector<int> wrong(8);
  std::vector<std::thread> threads;
  for (std::size_t self = 0; self < wrong.size(); ++self) {
    threads.emplace_back([&, self] {
      for (std::size_t i = 0; i < 2000; ++i) {
        const std::size_t which = (i * (self + 1) + self) % messages.size();
        const std::string bytes = encoder.encode(*messages[which]);
        if (bytes != expected[which]) ++wrong[self];
        if (decoder.decode(bytes)->GetDescriptor() != messages[which]->GetDescriptor()) ++wrong[self];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(8));
}

TEST_CASE("messages are written and read to a thread's very end, as its older objects are destroyed") {
  std::string read;
  std::thread([&] {
    const auto roundTrip = [](const std::string& text) {
      const auto message =
          dividere::messaging::ProtoBuffDecoder().decode(dividere::messaging::ProtoBuffEncoder().encode(msg01(text)));
      return dynamic_cast<const Msg01&>(*message).field1();
    };
    struct Last {
      std::string& read;
      std::string (*roundTrip)(const std::string&);
      ~Last() { read = roundTrip("farewell"); }
    };
    static thread_local Last last{read, roundTrip};
    CHECK(roundTrip("greeting") == "greeting");
  }).join();
  CHECK(read == "farewell");
}
