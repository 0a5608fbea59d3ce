#include "io/model_image.hpp"

#include "io/detail/fits_reader.hpp"
#include "io/detail/fits_writer.hpp"
#include "io/detail/provenance_cards.hpp"

namespace zspex::io {

void write_model_image(const std::string& path, const Array2<float>& model, const Header& header,
                       const Provenance& provenance, WriteOptions options) {
  Header cards = header;
  cards.set("BUNIT", "electron");
  detail::add_provenance(cards, provenance);
  detail::FitsWriter file(path, model.size() * sizeof(float), options);
  file.image("MODEL", {model.extent(0), model.extent(1)}, model.data(), cards);
  file.finish();
}

Array2<float> read_model_image(const std::string& path) {
  detail::FitsReader file(path);
  return file.image2<float>(file.need_image("MODEL", 2));
}

}  // namespace zspex::io
