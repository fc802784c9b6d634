#include "description_format.hpp"

#include "fields.hpp"

namespace dividere::detail {

// --- DescribeReq ---

std::string DescribeReq::encode() const { return FieldWriter().text(1, knownHash).take(); }

bool DescribeReq::decode(std::string_view bytes) {
  knownHash.clear();
  FieldReader field(bytes);
  while (field.next()) {
    if (field.number() == 1) field.to(knownHash);
  }
  return !field.failed();
}

// --- Its parts ---

static std::string encodeMethod(const Description::Method& method) {
  FieldWriter writer;
  writer.text(1, method.name).text(2, method.input).text(3, method.output).number(4, method.stream ? 1 : 0);
  return writer.take();
}

static std::string encodeType(const Description::Type& type) {
  return FieldWriter().text(1, type.name).text(2, type.hash).take();
}

static std::string encodeStatistic(const Description::Statistic& statistic) {
  return FieldWriter().text(1, statistic.name).number(2, statistic.value).text(3, statistic.endpoint).take();
}

static std::string encodeConnection(const Description::Connection& connection) {
  FieldWriter writer;
  writer.text(1, connection.kind).text(2, connection.name).text(3, connection.endpoint);
  writer.number(4, connection.messagesIn).number(5, connection.messagesOut);
  return writer.take();
}

static void takeField(const FieldReader& field, Description::Method& method) {
  switch (field.number()) {
    case 1: return field.to(method.name);
    case 2: return field.to(method.input);
    case 3: return field.to(method.output);
    case 4: return field.to(method.stream);
    default: return;
  }
}

static void takeField(const FieldReader& field, Description::Type& type) {
  if (field.number() == 1) field.to(type.name);
  if (field.number() == 2) field.to(type.hash);
}

static void takeField(const FieldReader& field, Description::Statistic& statistic) {
  switch (field.number()) {
    case 1: return field.to(statistic.name);
    case 2: return field.to(statistic.value);
    case 3: return field.to(statistic.endpoint);
    default: return;
  }
}

static void takeField(const FieldReader& field, Description::Connection& connection) {
  switch (field.number()) {
    case 1: return field.to(connection.kind);
    case 2: return field.to(connection.name);
    case 3: return field.to(connection.endpoint);
    case 4: return field.to(connection.messagesIn);
    case 5: return field.to(connection.messagesOut);
    default: return;
  }
}

// A peer may send a list of things that take two bytes each there, and a hundred here.
constexpr std::size_t kMostDescribed = 100000;

/// One more of a list; false if it is none, or one too many.
template <class Part>
static bool addPart(const FieldReader& field, std::vector<Part>& parts) {
  if (!field.isBytes() || parts.size() == kMostDescribed) return false;
  parts.emplace_back();
  FieldReader inner(field.bytes());
  while (inner.next()) takeField(inner, parts.back());
  return !inner.failed();
}

// --- Description ---

static std::uint64_t asUnixTime(std::chrono::system_clock::time_point time) {
  const auto count = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

/// Nothing if it is no time that there is.
static std::optional<std::chrono::system_clock::time_point> fromUnixTime(std::uint64_t nanoseconds) {
  if (nanoseconds == 0 || nanoseconds > INT64_MAX) return std::nullopt;
  const std::chrono::nanoseconds since(static_cast<std::int64_t>(nanoseconds));
  return std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(since));
}

std::string encodeDescription(const Description& described) {
  FieldWriter writer;
  writer.text(1, described.process).number(2, described.pid).text(3, described.host).text(4, described.version);
  writer.text(5, described.libzmq).text(6, described.protobuf);
  writer.number(7, static_cast<std::uint64_t>(described.uptime.count()));
  writer.text(8, described.kind).text(9, described.name);
  for (const auto& method : described.methods) writer.part(10, encodeMethod(method));
  for (const auto& type : described.types) writer.part(11, encodeType(type));
  writer.text(12, described.descriptors).text(13, described.descriptorsHash);
  for (const auto& statistic : described.statistics) writer.part(14, encodeStatistic(statistic));
  for (const auto& connection : described.connections) writer.part(100, encodeConnection(connection));
  if (described.clock) writer.number(101, asUnixTime(*described.clock));
  return writer.take();
}

/// The uptime of a peer that says anything at all still is one.
static std::chrono::milliseconds asUptime(std::uint64_t milliseconds) {
  constexpr std::uint64_t kAThousandYears = std::uint64_t{1000} * 366 * 24 * 3600 * 1000;
  return std::chrono::milliseconds(milliseconds < kAThousandYears ? milliseconds : kAThousandYears);
}

static bool takeField(const FieldReader& field, Description& described) {
  std::uint64_t number = 0;
  switch (field.number()) {
    case 1: return field.to(described.process), true;
    case 2: return field.to(described.pid), true;
    case 3: return field.to(described.host), true;
    case 4: return field.to(described.version), true;
    case 5: return field.to(described.libzmq), true;
    case 6: return field.to(described.protobuf), true;
    case 7: return field.to(number), described.uptime = asUptime(number), true;
    case 8: return field.to(described.kind), true;
    case 9: return field.to(described.name), true;
    case 10: return addPart(field, described.methods);
    case 11: return addPart(field, described.types);
    case 12: return field.to(described.descriptors), true;
    case 13: return field.to(described.descriptorsHash), true;
    case 14: return addPart(field, described.statistics);
    case 100: return addPart(field, described.connections);
    case 101: return field.to(number), described.clock = fromUnixTime(number), true;
    default: return true;
  }
}

bool decodeDescription(std::string_view bytes, Description& description) {
  description = {};
  FieldReader field(bytes);
  while (field.next()) {
    if (!takeField(field, description)) return false;
  }
  return !field.failed();
}

}  // namespace dividere::detail
