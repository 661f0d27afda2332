//===- Options.cpp - the command line of qopt -----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qopt/Options.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "runtime/formats/Error.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace qopt;
namespace cl = llvm::cl;

static constexpr llvm::StringLiteral overview =
    R"(qopt, a compiler for language models: from checkpoints to kernels

  INPUT is a Hugging Face directory, a GGUF file, a config.json with --random-params, or IR (.mlir, -
  for stdin).
  The ending of OUTPUT says what is made of it:
    .mlir, -   IR, after the passes asked for
    .qmod      an artifact for qrun: the passes asked for, then what is left of the default pipeline
               (nothing if they emit kernels: --default-pipeline="targets=cpu" is for CPUs alone)
    .ptx       the GPU kernels of the same
    .gguf      the model for llama.cpp, after the passes asked for: weights as they are, or of ggml's types
)";

static constexpr llvm::StringLiteral examples = R"(
EXAMPLES:

  qopt models/tiny-llama -o tiny.mlir            import only: weights stay in their file
  qopt tiny.mlir --fuse-projections --specialize print the IR after two passes
  qopt models/tiny-llama -o tiny.qmod            compile; then: qrun generate tiny.qmod --prompt "Once"
  qopt model.Q4_K_M.gguf -o model.qmod           the same of GGUF: weights stay quantized as they are
  qopt --random-params=1 config.json -o x.qmod   a model's shape with random weights
)";

/// LLVM's own options are for its code generators: --help-hidden lists them.
static void hideForeignOptions() {
  for (auto &[name, option] : cl::getRegisteredOptions())
    if (name != "help" && name != "help-hidden" && name != "version")
      option->setHiddenFlag(cl::Hidden);
}

/// `qopt: message.  Try: ...` and a second line with a suggestion become one line.
[[noreturn]] static void failToParse(llvm::StringRef messages) {
  if (messages.empty())
    std::exit(1); // LLVM has printed what is wrong with an option's value
  llvm::StringRef line = messages.split('\n').first;
  line.consume_front("qopt: ");
  fail("{}", line.split("  Try: ").first.str() + " qopt --help lists the options");
}

static std::optional<int64_t> parseSeed(const cl::opt<std::string> &option) {
  if (!option.getNumOccurrences())
    return std::nullopt;
  int64_t seed;
  if (llvm::StringRef(option).getAsInteger(10, seed))
    fail("--random-params={} is no number; any integer of 64 bits is a seed", option.getValue());
  return seed;
}

static std::optional<DType> parseDequantize(const cl::opt<std::string> &option) {
  if (!option.getNumOccurrences())
    return std::nullopt;
  std::optional<DType> dtype = parseDType(option.getValue());
  if (dtype != DType::F32 && dtype != DType::F16 && dtype != DType::BF16)
    fail("--dequantize={} is no type of values; f32, f16 and bf16 are", option.getValue());
  return dtype;
}

/// Gives one of MLIR's options a value unless the command line does.
static void setDefault(llvm::StringRef name, llvm::StringRef value) {
  cl::Option *option = cl::getRegisteredOptions().lookup(name);
  if (option && option->getNumOccurrences() == 0)
    option->addOccurrence(0, name, value);
}

Options qopt::parseOptions(int argc, char **argv, mlir::DialectRegistry &registry) {
  hideForeignOptions();
  // Static because the registry keeps pointers to them, and lld resets all options when it links.
  static cl::opt<std::string> input(cl::Positional, cl::desc("INPUT"), cl::init("-"));
  static cl::opt<std::string> output(
      "o", cl::desc("Where to: *.mlir, *.qmod, *.ptx, *.gguf, or - for stdout"),
      cl::value_desc("OUTPUT"), cl::init("-"));
  static cl::opt<std::string> randomSeed("random-params",
                                         cl::desc("Random weights for the shape in a config.json"),
                                         cl::value_desc("SEED"));
  static cl::opt<bool> fallback("allow-dequantized-fallback",
                                cl::desc("Store dequantized weights where a target has no kernel"));
  static cl::opt<std::string> report(
      "quantization-report",
      cl::desc("Print what became of each tensor, as table or json, in place of the IR"),
      cl::value_desc("FORMAT"));
  static cl::opt<std::string> reportProfile(
      "report-profile", cl::desc("The calibration profile for errors of matrix products"),
      cl::value_desc("FILE"));
  static cl::opt<std::string> dequantize(
      "dequantize", cl::desc("Turn a GGUF file's quantized weights into f32, f16 or bf16"),
      cl::value_desc("TYPE"));
  static cl::opt<std::string> emit("emit",
                                   cl::desc("Write ir, qmod, ptx or gguf, whatever OUTPUT ends in"),
                                   cl::value_desc("KIND"));
  cl::extrahelp moreHelp(examples);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "qopt " QOPT_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
  });
  mlir::registerCLIOptions("qopt", registry);

  std::string messages;
  llvm::raw_string_ostream stream(messages);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &stream))
    failToParse(messages);
  Options options = {input,  output,        parseSeed(randomSeed),       fallback,
                     report, reportProfile, parseDequantize(dequantize), emit};
  if (!options.reportProfile.empty() && options.quantizationReport.empty())
    fail("--report-profile is of a report: add --quantization-report=table or json");
  setDefault("mlir-print-op-on-diagnostic", "false"); // the location says which op it is
  if (options.output != "-")
    setDefault("mlir-print-debuginfo", "true");
  return options;
}
