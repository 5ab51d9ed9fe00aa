import ArgumentParser
import Frames
import Runs

/// How fits are run and shown, which changes none of their bits.
struct RunOptions: ParsableArguments {
  @Flag(help: "Replace what an earlier run has left in the folder of --out.")
  var force = false
  @Flag(help: "Go on with what the folder of --out holds, on any number of ranks; where it holds nothing, begin.")
  var resume = false
  @Flag(help: "Read the rows anew in every pass instead of holding them in memory; the result has the same bits.")
  var stream = false
  @Flag(help: "Print one JSON object.")
  var json = false
  @Option(help: "Progress on standard error: auto shows lines when a fit takes more than two seconds.")
  var progress = ProgressStyle.auto

  func validate() throws {
    guard resume && force else { return }
    throw ValidationError("--resume goes on and --force starts anew; give one of them")
  }

  /// What may become of what the folder holds.
  var existing: ExistingRun { resume ? .resume : force ? .replace : .refuse }

  var storage: FrameStorage { stream ? .stream() : .memory }
}
