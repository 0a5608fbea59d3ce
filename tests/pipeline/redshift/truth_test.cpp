// The way of a survey: simulated spectra of all kinds of targets over the whole spectrum, templates, redshifts, and the truth.
#include <cmath>
#include <fstream>

#include "kernels/redshift/minima.hpp"
#include "kernels/redshift/redshift.hpp"
#include "simulate/spectra.hpp"
#include "simulate/template_set.hpp"
#include "tests/pipeline/redshift/small_run.hpp"

namespace zspex::pipeline {
namespace {

class SimulatedSurvey : public SmallRun {
 protected:
  /// The simulator's templates of fewer spectra and samples, which take less time.
  void write_templates() {
    std::ofstream list(folder_ / "all.txt");
    for (simulate::TemplatePlan plan : simulate::template_plans()) {
      plan.nmember = std::min(plan.nmember, 50);
      plan.wave.dwave *= 2;
      io::TemplateFile file = simulate::make_template(plan);
      file.path = folder_ / simulate::template_name(plan);
      io::write_template(file);
      list << simulate::template_name(plan) << "\n";
    }
    config_.templates = {folder_ / "all.txt"};
    config_.zscan_galaxy = {-0.005, 1.7, 5e-4};
    config_.zscan_star.reset();
  }
};

TEST_F(SimulatedSurvey, BrightTargetsGetTheirTypesAndRedshifts) {
  write_templates();
  config::SimulateConfig survey;
  survey.kind = config::SimulateKind::coadds;
  survey.ntargets = 12;
  survey.bad_fibers = 2;  // no b camera, and all masked
  survey.snr_scale = 3;
  survey.fraction_sky = 0;
  survey.fraction_star = survey.fraction_qso = 0.25;
  survey.wave_b.dwave = survey.wave_r.dwave = survey.wave_z.dwave = 3;
  auto made = simulate::simulate_spectra(survey, {0, survey.ntargets, folder_ / "coadd.fits", ""});
  io::write_spectra(made.file);
  EXPECT_EQ(run().code, ExitCode::success);

  const auto rows = io::read_redshifts(config_.output);
  const auto z = made.truth.numbers("Z", "");
  const auto& type = std::get<std::vector<std::string>>(made.truth.find("SPECTYPE")->values);
  const auto& defect = std::get<std::vector<std::string>>(made.truth.find("DEFECT")->values);
  int nright = 0, ntype = 0, nconfident = 0, nnodata = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].targetid, made.file.targetid[i]);
    const bool right = std::abs(kernels::velocity_km_s(rows[i].z, z[i])) < 1000;
    nright += right;
    ntype += rows[i].spectype == type[i];
    nconfident += rows[i].zwarn == 0;
    if (rows[i].zwarn == 0) {
      EXPECT_TRUE(right) << type[i] << " at " << z[i] << " is " << rows[i].spectype << " at " << rows[i].z;
    }
    const bool nodata = (rows[i].zwarn & zwarn::nodata) != 0;
    EXPECT_EQ(nodata, defect[i] == "masked") << i;
    nnodata += nodata;
  }
  // All but the one without data; one more may go wrong without a warning here, as templates are made for a faster test.
  EXPECT_EQ(nnodata, 1);
  EXPECT_GE(nright, 10);
  EXPECT_GE(ntype, 10);
  EXPECT_GE(nconfident, 9) << "and the one without its b camera has LITTLE_COVERAGE";
}

}  // namespace
}  // namespace zspex::pipeline
