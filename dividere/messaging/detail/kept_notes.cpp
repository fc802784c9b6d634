#include "kept_notes.hpp"

#include "fields.hpp"

namespace dividere::detail {

constexpr std::string_view kNoteTag("\xA2\x07", 2);  // field 116
constexpr int kNoteField = 116;
constexpr std::string_view kAskPrefix =
    "\xFF"
    "dividere/again/";
constexpr std::size_t kIdSize = 16;

static std::string serializedRange(const KeptRange& range) {
  return FieldWriter().text(1, range.series).number(2, range.first).number(3, range.last).number(4, range.count).take();
}

static bool readRange(std::string_view bytes, KeptRange& range) {
  FieldReader field(bytes);
  while (field.next()) {
    if (field.number() == 1) field.to(range.series);
    if (field.number() == 2 && field.isVarint()) range.first = field.varint();
    if (field.number() == 3 && field.isVarint()) range.last = field.varint();
    if (field.number() == 4 && field.isVarint()) range.count = field.varint();
  }
  return !field.failed();
}

static bool addRange(const FieldReader& field, std::vector<KeptRange>& ranges) {
  ranges.emplace_back();
  return field.isBytes() && readRange(field.bytes(), ranges.back());
}

std::string KeptNote::serialized(std::string_view address) const {
  FieldWriter writer;
  writer.number(1, publisher).number(2, ask);
  for (const KeptRange& range : ranges) writer.part(3, serializedRange(range));
  return std::string(address) + FieldWriter().part(kNoteField, writer.take()).take();
}

bool takeNote(std::string_view& bytes, std::size_t addressSize) {
  std::string_view note = bytes.substr(addressSize);
  if (note.substr(0, kNoteTag.size()) != kNoteTag) return false;
  note.remove_prefix(kNoteTag.size());
  std::uint64_t size;
  if (!readVarint(note, size) || size != note.size()) return false;
  bytes = note;
  return true;
}

bool readNote(std::string_view bytes, KeptNote& note) {
  FieldReader field(bytes);
  while (field.next()) {
    if (field.number() == 1) field.to(note.publisher);
    if (field.number() == 2 && field.isVarint()) note.ask = field.varint();
    if (field.number() == 3 && !addRange(field, note.ranges)) return false;
  }
  return !field.failed();
}

std::string KeptAsk::topic() const {
  FieldWriter writer;
  writer.text(1, id).number(2, publisher).number(3, number);
  for (const KeptRange& range : ranges) writer.part(4, serializedRange(range));
  return std::string(kAskPrefix) + writer.take();
}

bool readAsk(std::string_view topic, KeptAsk& ask) {
  if (topic.substr(0, kAskPrefix.size()) != kAskPrefix) return false;
  FieldReader field(topic.substr(kAskPrefix.size()));
  while (field.next()) {
    if (field.number() == 1) field.to(ask.id);
    if (field.number() == 2) field.to(ask.publisher);
    if (field.number() == 3 && field.isVarint()) ask.number = field.varint();
    if (field.number() == 4 && !addRange(field, ask.ranges)) return false;
  }
  return !field.failed() && ask.id.size() == kIdSize;
}

}  // namespace dividere::detail
