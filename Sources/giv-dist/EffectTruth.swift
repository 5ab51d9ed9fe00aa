import Communication
import Effects
import Frames
import Shards

extension EffectErrors {
  private static let names = (outcome: "truth/g", effect: "truth/tau")

  /// The errors for all rows of shards that hold the truth, as ``Simulate`` writes it; nil where they do not. Collective.
  static func measured(
    _ result: EffectResult, _ frame: Frame, _ collection: ShardCollection
  ) throws -> EffectErrors? {
    guard let surface = result.surface else { return nil }
    let (hasOutcome, hasEffect) = try frame.rows.communicator.agree {
      (try collection.hasNumbers(named: names.outcome), try collection.hasNumbers(named: names.effect))
    }
    return try EffectErrors(surface, frame, scale: result.outcome.standardDeviation) { rows in
      (
        hasOutcome ? try collection.numbers(named: names.outcome, ofRows: rows) : nil,
        hasEffect ? try collection.numbers(named: names.effect, ofRows: rows) : nil
      )
    }
  }

  /// Whether the shards hold any of it.
  static func areKnown(_ collection: ShardCollection) throws -> Bool {
    try collection.hasNumbers(named: names.outcome) || collection.hasNumbers(named: names.effect)
  }
}
