// What is no handler, and the words in which the compiler says so: each line that ends with "// says: ..." has to give
// that text. Compiled by refused_handlers.py, which wants it to fail.

#include <dividere.hpp>
#include <functional>

#include "golden.pb.h"

using dividere::reactor::MtMsgReactor;
using dividere::reactor::Sender;

struct Other {
  void handle(const Msg01&) {}
};

void refused(MtMsgReactor& reactor) {
  reactor.on([](const auto&) {});                                     // says: does not tell which messages it takes
  reactor.on([] {});                                                  // says: does not tell which messages it takes
  reactor.on(std::bind([](const Msg01&) {}, std::placeholders::_1));  // says: does not tell which messages it takes
  reactor.on([](int) {});                                             // says: a message of one protobuf type first
  reactor.on([](const google::protobuf::Message&) {});                // says: a message of one protobuf type first
  reactor.on([](Msg01&) {});                                          // says: not the message by plain reference
  reactor.on([](const Msg01&, int) {});                               // says: a Sender& after it if it likes
  reactor.on([](const Msg01&) { return 1; });                         // says: returns nothing, or the message
  reactor.on(&Other::handle);                                         // says: one of the class derived from this one
  reactor.onUnknown([](int*) {});                                     // says: the hook takes nothing, the type's name
  reactor.onError([](int*) {});                                       // says: the hook takes a const Error&
}
