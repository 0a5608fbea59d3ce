#include "io/template.hpp"

#include <algorithm>
#include <cmath>

#include "core/format.hpp"
#include "io/detail/finite.hpp"
#include "io/detail/fits_cards.hpp"
#include "io/detail/fits_reader.hpp"
#include "io/detail/fits_writer.hpp"

namespace zspex::io {
namespace {

using detail::FitsReader;
using detail::HduInfo;

std::string capitals(const Header& header, const char* key, const std::string& otherwise) {
  const auto text = header.text(key);
  return text ? detail::upper(detail::trim(*text)) : otherwise;
}

/// A card's text, also where it was written as a number.
std::string words(const Header& header, const char* key, const std::string& otherwise) {
  if (const auto text = header.text(key)) return std::string(detail::trim(*text));
  const auto& cards = header.cards();
  const auto card = std::find_if(cards.begin(), cards.end(), [&](const Card& c) { return c.key == key; });
  return card == cards.end() ? otherwise : std::string(detail::trim(card->value));
}

/// The model that a template was made with, where its file doesn't say: it hangs on type and version.
std::string default_igm(const FitsReader& file, const std::string& part, const TemplateFile& tmpl,
                        bool version_is_text) {
  if (tmpl.spectype == "STAR") return "None";
  if (version_is_text) {
    if (tmpl.spectype == "GALAXY" && tmpl.version == "2.6") return "Calura12";
    if (tmpl.spectype == "QSO" && (tmpl.version == "0.1" || tmpl.version == "1.0")) return "Calura12";
    if (tmpl.spectype == "QSO" && tmpl.version == "1.1") return "Kamble20";
  }
  file.refuse(part,
              "expected RRIGM (None, Calura12, Kamble20 or Inoue14), as nothing is known of {} templates of VERSION "
              "'{}', found no such keyword. Add it.",
              tmpl.spectype, tmpl.version);
}

std::string igm_of(const FitsReader& file, const std::string& part, const Header& header, const TemplateFile& tmpl) {
  const auto given = header.text("RRIGM");
  if (!given) return default_igm(file, part, tmpl, header.text("VERSION").has_value());
  for (const char* known : {"None", "Calura12", "Kamble20", "Inoue14"})
    if (detail::lower(detail::trim(*given)) == detail::lower(known)) return known;
  file.refuse(part, "expected RRIGM = None, Calura12, Kamble20 or Inoue14, found '{}'. Correct the header.", *given);
}

double need_number(const FitsReader& file, const std::string& part, const Header& header, const char* key) {
  const auto value = header.number(key);
  if (!value || !std::isfinite(*value))
    file.refuse(part, "expected the number {}, found {}. Correct the header.", key,
                value ? "one that isn't finite" : "none");
  return *value;
}

/// LOGLAM: wavelengths are 10^(CRVAL1 + i CDELT1).
bool is_log(const FitsReader& file, const std::string& part, const Header& header) {
  if (!header.has("LOGLAM")) return false;
  if (const auto flag = header.logical("LOGLAM")) return *flag;
  const auto number = header.number("LOGLAM");
  if (!number || (*number != 0 && *number != 1))
    file.refuse(part, "expected LOGLAM = T, F, 1 or 0, found {}. Correct the header.", words(header, "LOGLAM", ""));
  return *number == 1;
}

/// n wavelengths from CRVAL1, CDELT1, LOGLAM.
std::vector<double> wave_grid(const FitsReader& file, const std::string& part, const Header& header, std::size_t n) {
  const double first = need_number(file, part, header, "CRVAL1"), step = need_number(file, part, header, "CDELT1");
  const bool log = is_log(file, part, header);
  if (!(step > 0) || n < 2)
    file.refuse(part, "expected at least 2 wavelengths and CDELT1 > 0, found {} and {}. Correct the file.", n,
                detail::show_number(step));
  std::vector<double> wave(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double value = first + step * static_cast<double>(i);
    wave[i] = log ? std::pow(10.0, value) : value;
  }
  if (!(wave.front() > 0 && std::isfinite(wave.back()) && wave.back() > wave.front()))
    file.refuse(part, "expected wavelengths above 0 Angstrom, found {} to {}. Check CRVAL1, CDELT1 and LOGLAM.",
                detail::show_number(wave.front()), detail::show_number(wave.back()));
  return wave;
}

void need_finite(const FitsReader& file, const std::string& part, const Array2<double>& values) {
  const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !detail::is_finite(v); });
  if (bad != values.end())
    file.refuse(part, "expected finite values, found {} in row {}. Make the file again.", std::to_string(*bad),
                (bad - values.begin()) / static_cast<std::ptrdiff_t>(values.extent(1)));
}

/// A vector of zeros makes every fit singular, so that its template can never win.
void need_some_light(const FitsReader& file, const std::string& part, const Array2<double>& values, const char* what) {
  for (std::size_t i = 0; i < values.extent(0); ++i) {
    const auto row = values.row(i);
    if (std::all_of(row.begin(), row.end(), [](double v) { return v == 0; }))
      file.refuse(part,
                  "expected {}s that aren't 0 everywhere, found {} {} (counted from 0) of zeros. Make the file again, "
                  "or take it out.",
                  what, what, i);
  }
}

}  // namespace

TemplateFile read_template(const std::string& path) {
  FitsReader file(path);
  const HduInfo& hdu = file.need_image("BASIS_VECTORS", 2);
  const Header header = file.header(hdu);
  const std::string part = "BASIS_VECTORS";
  TemplateFile tmpl;
  tmpl.path = path;
  tmpl.notes = file.notes();
  tmpl.spectype = capitals(header, "RRTYPE", "");
  if (tmpl.spectype.empty())
    file.refuse(part, "expected RRTYPE, for example 'GALAXY', found no such keyword. Give a Redrock template.");
  tmpl.subtype = capitals(header, "RRSUBTYP", "");
  tmpl.method = capitals(header, "RRMETHOD", "PCA");
  if (tmpl.method != "PCA" && tmpl.method != "NMF")
    file.refuse(part, "expected RRMETHOD = PCA or NMF, found '{}'. Correct the header.", tmpl.method);
  tmpl.version = words(header, "VERSION", "unknown");
  tmpl.igm = igm_of(file, part, header, tmpl);
  tmpl.loglam = is_log(file, part, header);
  tmpl.wave = wave_grid(file, part, header, hdu.shape[1]);
  tmpl.basis = file.image2<double>(hdu);
  need_finite(file, part, tmpl.basis);
  need_some_light(file, part, tmpl.basis, "vector");
  if (file.find("REDSHIFTS")) {
    tmpl.redshifts = file.image1<double>(file.need_image("REDSHIFTS", 1));
    for (std::size_t i = 0; i < tmpl.redshifts.size(); ++i) {
      const double z = tmpl.redshifts[i];
      if (!std::isfinite(z) || z <= -1 || z > 1000 || (i > 0 && z <= tmpl.redshifts[i - 1]))
        file.refuse("REDSHIFTS", "expected redshifts above -1 that grow, found {} at index {}. Make the file again.",
                    detail::show_number(z), i);
    }
  }
  return tmpl;
}

void write_template(const TemplateFile& tmpl) {
  Header header;
  const double first = tmpl.loglam ? std::log10(tmpl.wave.front()) : tmpl.wave.front();
  const double last = tmpl.loglam ? std::log10(tmpl.wave.back()) : tmpl.wave.back();
  header.set("CRVAL1", first, "first wavelength, Angstrom or its log10");
  header.set("CDELT1", (last - first) / static_cast<double>(tmpl.wave.size() - 1), "step");
  header.set("CRPIX1", 1);
  header.set("LOGLAM", tmpl.loglam, "wavelengths are 10^(CRVAL1 + i CDELT1)");
  header.set("RRTYPE", tmpl.spectype, "spectral type");
  header.set("RRSUBTYP", tmpl.subtype, "subtype");
  header.set("RRMETHOD", tmpl.method, "how coefficients are fitted");
  header.set("RRIGM", tmpl.igm, "intergalactic medium");
  header.set("VERSION", tmpl.version);
  detail::FitsWriter file(tmpl.path, tmpl.basis.size() * sizeof(double));
  file.image("BASIS_VECTORS", {tmpl.basis.extent(0), tmpl.basis.extent(1)}, tmpl.basis.data(), header);
  if (!tmpl.redshifts.empty()) file.image("REDSHIFTS", {tmpl.redshifts.size()}, tmpl.redshifts.data());
  file.finish();
}

ArchetypeFile read_archetypes(const std::string& path) {
  FitsReader file(path);
  const std::string part = "ARCHETYPES";
  const HduInfo& hdu = file.need(part);
  if (hdu.kind != HduInfo::Kind::table)
    file.refuse(part, "expected a table with ARCHETYPE and SUBTYPE, found an image. Give a Redrock archetype file.");
  const Table table = file.table(hdu);
  ArchetypeFile archetypes;
  archetypes.path = path;
  archetypes.notes = file.notes();
  archetypes.spectype = capitals(table.header, "RRTYPE", "");
  if (archetypes.spectype.empty()) file.refuse(part, "expected RRTYPE, for example 'GALAXY', found no such keyword.");
  archetypes.version = words(table.header, "VERSION", "unknown");
  const Column *flux = table.find("ARCHETYPE"), *subtype = table.find("SUBTYPE");
  if (!flux || !subtype || (flux->code != 'E' && flux->code != 'D') || subtype->code != 'A' || table.nrow == 0)
    file.refuse(part,
                "expected at least one row with ARCHETYPE (real numbers) and SUBTYPE (text), found other columns or "
                "none. Give a Redrock archetype file.");
  const auto nsample = static_cast<std::size_t>(flux->repeat);
  archetypes.wave = wave_grid(file, part, table.header, nsample);
  archetypes.flux = Array2<double>({table.nrow, nsample});
  std::visit(
      [&](const auto& values) {
        if constexpr (std::is_arithmetic_v<typename std::decay_t<decltype(values)>::value_type>)
          std::copy(values.begin(), values.end(), archetypes.flux.begin());
      },
      flux->values);
  need_finite(file, part, archetypes.flux);
  need_some_light(file, part, archetypes.flux, "archetype");
  const auto& names = std::get<std::vector<std::string>>(subtype->values);
  for (std::size_t i = 0; i < table.nrow; ++i)
    archetypes.subtypes.push_back(fmt::format("{}_{}", detail::trim(names[i]), i));
  return archetypes;
}

Priors read_priors(const std::string& path) {
  FitsReader file(path);
  const Table table = file.table(file.need("PRIORS"));
  Priors priors;
  priors.targetid = table.integers("TARGETID", path);
  priors.z = table.numbers("Z", path);
  priors.sigma = table.numbers("SIGMA", path);
  const Column* function = table.find("FUNCTION");
  if (!function || function->code != 'A' || table.nrow == 0)
    file.refuse("PRIORS", "expected rows with the text column FUNCTION, found none. Make the file again.");
  const std::string name = detail::lower(detail::trim(std::get<std::vector<std::string>>(function->values).front()));
  if (name == "gaussian")
    priors.function = PriorFunction::gaussian;
  else if (name == "lorentzien" || name == "lorentzian")
    priors.function = PriorFunction::lorentzian;
  else if (name == "tophat")
    priors.function = PriorFunction::tophat;
  else
    file.refuse("PRIORS.FUNCTION", "expected gaussian, lorentzien or tophat, found '{}'. Correct it.", name);
  for (std::size_t i = 0; i < table.nrow; ++i)
    if (!std::isfinite(priors.z[i]) || !std::isfinite(priors.sigma[i]) || priors.sigma[i] <= 0)
      file.refuse("PRIORS", "expected a finite Z and SIGMA > 0, found {} and {} in row {}. Correct it.",
                  detail::show_number(priors.z[i]), detail::show_number(priors.sigma[i]), i);
  return priors;
}

}  // namespace zspex::io
