#include "io/model_image.hpp"

#include "io/detail/fits_writer.hpp"

namespace zspex::io {

void write_model_image(const std::string& path, const Array2<float>& model, const Header& header) {
  detail::FitsWriter file(path, model.size() * sizeof(float));
  Header cards = header;
  cards.set("BUNIT", "electron");
  file.image("MODEL", {model.extent(0), model.extent(1)}, model.data(), cards);
  file.finish();
}

}  // namespace zspex::io
