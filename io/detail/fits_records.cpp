#include "io/detail/fits_records.hpp"

#include <algorithm>

#include "io/detail/fits_cards.hpp"
#include "io/detail/fits_error.hpp"

namespace zspex::io::detail {

std::vector<Card> read_cards(fitsfile* file, const std::string& path, const std::string& part) {
  char* records = nullptr;
  int nrecord = 0, status = 0, ignored = 0;
  // Of a compressed image this is the header of the image, not of the table that holds it.
  fits_convert_hdr2str(file, 0, nullptr, 0, &records, &nrecord, &status);
  const std::string text = records ? records : "";
  if (records) fits_free_memory(records, &ignored);
  if (status != 0)
    throw_fits(path, part, "read the header", status, "Copy the file again, or make it again.", ExitCode::input);
  return parse_records(text);
}

void write_card(fitsfile* file, const Card& card, int& status) {
  for (const std::string& record : format_card(card)) fits_write_record(file, record.c_str(), &status);
}

void write_cards(fitsfile* file, const Header& header, int& status) {
  const bool long_texts = std::any_of(header.cards().begin(), header.cards().end(), [](const Card& card) {
    return !is_structural(card.key) && format_card(card).size() > 1;
  });
  // Readers that don't know the standard's long texts are told so by this card.
  if (long_texts && !header.has("LONGSTRN")) write_card(file, {"LONGSTRN", quote("OGIP 1.0"), ""}, status);
  for (const Card& card : header.cards())
    if (!is_structural(card.key)) write_card(file, card, status);
}

void modify_card(fitsfile* file, const Card& card, int& status) {
  fits_update_card(file, card.key.c_str(), format_card(card).front().c_str(), &status);
}

void reserve_checksums(fitsfile* file, int& status) {
  // Sixteen zeros: what the sum of the HDU is taken with.
  write_card(file, {"CHECKSUM", quote("0000000000000000"), checksum_comment}, status);
  write_card(file, {"DATASUM", quote("0"), datasum_comment}, status);
}

}  // namespace zspex::io::detail
