import ArgumentParser
import Simulation

extension ProxyLaw: ExpressibleByArgument {}

/// What is simulated with proxies of a hidden class, and which arrows there are that should not be.
struct ProxyLawOptions: ParsableArguments {
  @Option(help: "With --scenario proxies, the law of the rows. (default: binary)")
  var law: ProxyLaw?
  @Option(name: .customLong("x-to-y"), help: "With proxies: how far an outcome's proxy moves the outcome itself.")
  var proxyToOutcome: Double?
  @Option(name: .customLong("z-to-y"), help: "With proxies: how far a treatment's proxy moves the outcome itself.")
  var treatmentProxyToOutcome: Double?
  @Option(
    name: .customLong("t-to-x"), help: "With proxies: the probability that an outcome's proxy is set to the treatment.")
  var treatmentToProxy: Double?
  @Option(name: .customLong("z-to-t"), help: "With proxies: how far a treatment's proxy moves the treatment itself.")
  var proxyToTreatment: Double?

  /// The options that were given.
  var given: [String] {
    let all: [(String, Any?)] = [
      ("--law", law), ("--x-to-y", proxyToOutcome), ("--z-to-y", treatmentProxyToOutcome),
      ("--t-to-x", treatmentToProxy), ("--z-to-t", proxyToTreatment),
    ]
    return all.filter { $0.1 != nil }.map(\.0)
  }

  func parameters(rows: Int?, seed: UInt64) -> ProxyParameters {
    var parameters = ProxyParameters()
    parameters.law = law ?? parameters.law
    parameters.rows = rows ?? parameters.rows
    parameters.seed = seed
    parameters.proxyToOutcome = proxyToOutcome ?? 0
    parameters.treatmentProxyToOutcome = treatmentProxyToOutcome ?? 0
    parameters.treatmentToProxy = treatmentToProxy ?? 0
    parameters.proxyToTreatment = proxyToTreatment ?? 0
    return parameters
  }
}
