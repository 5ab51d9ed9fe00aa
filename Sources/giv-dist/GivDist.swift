import ArgumentParser
import Communication
import Diagnostics
import Glibc
import MPICommunication
import Runs

/// The version of the program, as it is stored with every result.
let programVersion = SoftwareVersion.program

/// `giv-dist`: one verb per file.
@main
struct GivDist: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "giv-dist",
    abstract: "Find hidden sources in fused data, and the causal effects that they identify.",
    discussion: """
      Rows (covariates x, treatment t, outcome y) come from several sources, each with its own rule for the treatment; \
      the source is not recorded. giv-dist recovers it as a group instrument. Every command runs alone or on the ranks \
      of an MPI job, with the same result to the last bit:

        mpirun -n 8 giv-dist train shards --groups 3 --out run
      """,
    version: Software.text,
    subcommands: [
      Simulate.self, Shard.self, MakePanel.self, MakeTable.self, Inspect.self, Train.self, SweepGroups.self,
      Predict.self, Effect.self, Reproduce.self, Spo.self, Si.self, Idgen.self, Show.self, WriteReport.self,
      Benchmark.self, Info.self,
    ])

  /// When the program began.
  static let begin = ContinuousClock.now

  static func main() {
    _ = begin
    do {
      let invocation = try Invocation.current.get()
      var command = try parseAsRoot(invocation.words)
      if invocation.isToBePrinted {
        if isFirst { answer(try invocation.text()) }
        return
      }
      guard let distributed = command as? any DistributedCommand else { return try command.run() }
      Glibc.exit(
        MPIJob.run(stallTimeout: distributed.stallTimeout) { communicator in
          try invocation.requireAgreement(on: communicator)
          try communicator.agree { try RankSetup.prepare(kernel: distributed.kernel) }
          do { try distributed.run(on: communicator) } catch {
            RunLog.end(error)
            throw error
          }
          RunLog.end()
        })
    } catch {
      end(error)
    }
  }

  private static var isFirst: Bool { MPIEnvironment.launchedRank == 0 }

  /// Ends with a help text, the version, or what is wrong with the command line or its file. Every rank finds the same;
  /// rank 0 speaks.
  private static func end(_ error: any Error) -> Never {
    let failure = error as? Failure
    let code = failure?.exitCode.rawValue ?? exitCode(for: error).rawValue
    if code == 0 {
      if isFirst { answer(fullMessage(for: error)) }
    } else if isFirst {
      ErrorOutput.write(failure?.message ?? explanation(of: error))
    } else {
      // The launcher ends all ranks once one has failed; the first that does must be the one that spoke. Rank 0 has not
      // when it read another file.
      sleep(5)
      if let failure { ErrorOutput.write("rank \(MPIEnvironment.launchedRank): \(failure.message)") }
    }
    Glibc.exit(code)
  }

  private static func answer(_ text: String) {
    print(text)
    do { try StandardOutput.flush() } catch {
      ErrorOutput.write(error)
      Glibc.exit(error.exitCode.rawValue)
    }
  }

  /// What the parser says, with the remedy for negative numbers, which it takes for options, and commands like the one
  /// that there is not.
  private static func explanation(of error: any Error) -> String {
    if let command = CommandLine.arguments.dropFirst().first, !command.hasPrefix("-") {
      let names = configuration.subcommands.map { $0._commandName } + ["help"]
      guard names.contains(command) else {
        let nearest = suggestion(for: command, among: names, owner: "there are")
        return "there is no command '\(command)'; \(nearest)\nUsage: giv-dist <subcommand>\n  See 'giv-dist --help'."
      }
    }
    let message = String(fullMessage(for: error).trimmingPrefix("Error: "))
    let text = ((try? Invocation.current.get())?.place(of: message) ?? "") + message
    guard let missing = text.prefixMatch(of: /Missing value for '(--[a-z-]+)[^']*'/) else { return text }
    return "\(missing.0); write \(missing.1)=-1 when the value begins with a minus" + text[missing.range.upperBound...]
  }
}

/// A command that runs on all ranks of a job.
protocol DistributedCommand: ParsableCommand {
  /// Seconds that a rank waits for another before it ends the job; 0 waits forever.
  var stallTimeout: Double { get }

  /// The name of the ``Kernel`` of every rank; nil for the best of its processor.
  var kernel: String? { get }

  /// Does the work. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``.
  func run(on communicator: any Communicator) throws
}

extension DistributedCommand {
  var kernel: String? { nil }
}

/// Options of every command whose ranks work together.
struct JobOptions: ParsableArguments {
  @OptionGroup var configuration: ConfigurationOptions
  @Option(help: "Seconds that a rank waits for another before it ends the job, with exit code 75; 0 waits forever.")
  var stallTimeout = 600.0
  @Option(
    help: """
      The instruction set of the hot loops, avx512, avx2 or portable, which give the same bits; GIV_KERNEL says it too. \
      (default: the fastest that each rank's processor has)
      """)
  var kernel: String?

  func validate() throws {
    guard stallTimeout >= 0 else { throw ValidationError("--stall-timeout must not be negative") }
  }
}

/// A command that takes its ``JobOptions`` from the command line.
protocol JobCommand: DistributedCommand {
  var job: JobOptions { get }
}

extension JobCommand {
  var stallTimeout: Double { job.stallTimeout }
  var kernel: String? { job.kernel }
}
