// SPDX-License-Identifier: MIT

#include "printer.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace tool {

namespace pb = google::protobuf;

/// Four significant digits are enough for a figure that was measured; counts keep all of theirs.
static std::string shownNumber(double number) {
  char text[32];
  std::snprintf(text, sizeof text, number == static_cast<double>(static_cast<long long>(number)) ? "%.0f" : "%.4g",
                number);
  return text;
}

static std::string cell(const pb::Message& record, const pb::FieldDescriptor& field) {
  const auto& reflection = *record.GetReflection();
  if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_DOUBLE) return shownNumber(reflection.GetDouble(record, &field));
  return reflection.GetString(record, &field);
}

static std::vector<std::string> header(const pb::Descriptor& type) {
  std::vector<std::string> row;
  for (int i = 0; i < type.field_count(); ++i) row.emplace_back(type.field(i)->name());
  return row;
}

static std::vector<std::string> cells(const pb::Message& record) {
  const auto& type = *record.GetDescriptor();
  std::vector<std::string> row;
  for (int i = 0; i < type.field_count(); ++i) row.push_back(cell(record, *type.field(i)));
  return row;
}

std::string asJson(const pb::Message& record) {
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
#if GOOGLE_PROTOBUF_VERSION < 5026000
  options.always_print_primitive_fields = true;
#else
  options.always_print_fields_with_no_presence = true;
#endif
  std::string json;
  pb::util::MessageToJsonString(record, &json, options).ok();
  return json;
}

static void printLine(const std::vector<std::string>& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 < row.size()) line.append(widths[i] - std::min(widths[i], row[i].size()) + 2, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  std::cout << line << "\n";
}

static std::vector<std::size_t> widthsOf(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  return widths;
}

void Printer::print(const pb::Message& record) {
  if (json_) {
    std::cout << asJson(record) << "\n" << std::flush;
    return;
  }
  if (rows_.empty()) rows_.push_back(header(*record.GetDescriptor()));
  rows_.push_back(cells(record));
}

void Printer::finish() {
  if (rows_.empty()) return;
  const auto widths = widthsOf(rows_);
  for (const auto& row : rows_) printLine(row, widths);
  std::cout << std::flush;
  rows_.clear();
}

}  // namespace tool
