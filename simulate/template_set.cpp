#include "simulate/template_set.hpp"
#include "simulate/draw_targets.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/format.hpp"
#include "kernels/extract/extract.hpp"
#include "simulate/principal.hpp"
#include "simulate/random.hpp"
#include "simulate/shapes.hpp"

namespace zspex::simulate {
namespace {

constexpr const char* version = "sim1";
constexpr std::uint64_t family_seed = 0x74656d706c617465;  // the set does not change with the simulation's seed

/// One spectrum's parameters. The ranges are those of draw_targets(), a little wider.
Target draw_member(const TemplatePlan& plan, int imember) {
  // First letters tell the templates apart.
  const auto stream = static_cast<std::uint32_t>(plan.spectype[0] << 8 | (plan.subtype + " ")[0]);
  Random random(family_seed, Purpose::family, 0, stream, static_cast<std::uint32_t>(imember));
  Target member;
  member.shape = random.uniform();
  member.lines = std::exp(random.uniform(-1.1, 1.1));
  member.metals = random.uniform();
  if (plan.spectype == "GALAXY") {
    member.kind = TargetKind::bgs;
    member.sigma_km_s = 45 * std::pow(340.0 / 45, random.uniform());
    member.dust = random.uniform(0, 0.65);
  } else if (plan.spectype == "QSO") {
    member.kind = TargetKind::qso;
    member.sigma_km_s = random.uniform(1300, 2700);
    member.dust = random.uniform(0, 0.6);
  } else {
    member.kind = plan.subtype == "WD" ? TargetKind::white_dwarf : TargetKind::star;
    member.temperature = random.uniform(plan.coolest, plan.hottest);
  }
  return member;
}

/// 10^(log10(1 + zmin) + i 5e-4) - 1, up to zmax.
std::vector<double> own_grid(double zmin, double zmax) {
  std::vector<double> redshifts;
  const double first = std::log10(1 + zmin), last = std::log10(1 + zmax), step = 5e-4;
  for (int iz = 0; first + iz * step <= last; ++iz) redshifts.push_back(std::pow(10, first + iz * step) - 1);
  return redshifts;
}

}  // namespace

const std::vector<TemplatePlan>& template_plans() {
  const auto star = [](const char* subtype, double coolest, double hottest) {
    return TemplatePlan{"STAR", subtype, "None", {3580, 9860, 0.4}, 0, 0, 60, 5, coolest, hottest};
  };
  // A bin of 0.8 Angstrom at z = 1.7 is 0.3 at rest, and the narrowest lines of galaxies have a sigma of 0.6. Quasars
  // have no lines below 3 Angstrom; HIZ is seen in wide bins at short wavelengths.
  static const std::vector<TemplatePlan> plans = {{"GALAXY", "", "Calura12", {1300, 9900, 0.4}, 0, 0, 300, 10, 0, 0},
                                                  {"QSO", "HIZ", "Kamble20", {595, 4110, 0.5}, 1.4, 5, 150, 5, 0, 0},
                                                  {"QSO", "LOZ", "Kamble20", {1380, 9370, 1}, 0.05, 1.6, 150, 5, 0, 0},
                                                  star("A", 7300, 9900),
                                                  star("F", 5900, 7600),
                                                  star("G", 5100, 6100),
                                                  star("K", 3800, 5300),
                                                  star("M", 3000, 4000),
                                                  star("WD", 8500, 23000)};
  return plans;
}

std::string template_name(const TemplatePlan& plan) {
  return fmt::format("rrtemplate-{}-{}-v{}.fits", plan.spectype, plan.subtype.empty() ? "None" : plan.subtype, version);
}

io::TemplateFile make_template(const TemplatePlan& plan) {
  io::TemplateFile file;
  file.spectype = plan.spectype;
  file.subtype = plan.subtype;
  file.method = "PCA";
  file.igm = plan.igm;
  file.version = version;
  if (plan.zmax > 0) file.redshifts = own_grid(plan.zmin, plan.zmax);
  file.wave = kernels::wave_grid(plan.wave.wavemin, plan.wave.wavemax, plan.wave.dwave);
  const LightBins bins = make_light_bins(file.wave, plan.wave.dwave, 0, 0, 1);
  Array2<double> members({static_cast<std::size_t>(plan.nmember), bins.size()});
  for (int imember = 0; imember < plan.nmember; ++imember) {
    const auto spectrum = members.row(static_cast<std::size_t>(imember));
    shape_spectrum(draw_member(plan, imember), family_seed, bins, spectrum);
    const double mean = std::accumulate(spectrum.begin(), spectrum.end(), 0.0) / static_cast<double>(bins.size());
    for (double& value : spectrum) value /= mean;
  }
  file.basis = principal_vectors(members, static_cast<std::size_t>(plan.nvector));
  return file;
}

}  // namespace zspex::simulate
