import Diagnostics

extension Communicator {
  /// Whether this is the rank that prints and writes for all.
  public var isRoot: Bool { rank == 0 }

  /// Runs `body` on every rank and goes on only if it succeeded on all. Collective: one small message per rank.
  ///
  /// What may fail on one rank alone, such as reading its files, belongs in `body`: without agreement the other ranks
  /// would wait for the failed one in their next call. `body` itself must not communicate; see
  /// ``agree(within:_:)`` for one that does.
  ///
  /// - Returns: what `body` returned on this rank.
  /// - Throws: on all ranks the same ``Failure``, that of the lowest rank that failed; other errors become a
  ///   `.numerical` failure with their description.
  public func agree<Value>(_ body: () throws -> Value) throws -> Value {
    scope.requireOpen()
    return try agreed(on: Result { try scope.silent(body) })
  }

  /// Runs `body` on every rank, which communicates in this rank's group only, and goes on only if it succeeded on all.
  /// Collective.
  ///
  /// A group may fail while others go on: they join it when they have come to the end of `body`, by themselves. So
  /// `body` must end on all ranks of a group alike, as it does when what fails on one of them alone is agreed on in the
  /// group, and must not wait for other groups by messages.
  ///
  /// - Parameter group: of a split of this communicator.
  /// - Returns: what `body` returned on this rank.
  /// - Throws: as ``agree(_:)``.
  public func agree<Value>(within group: any Communicator, _ body: () throws -> Value) throws -> Value {
    scope.requireOpen()
    return try agreed(on: Result { try scope.open(onlyIn: group.scope, body) })
  }

  private func agreed<Value>(on outcome: Result<Value, any Error>) throws -> Value {
    var message: [UInt8] = []
    if case .failure(let error) = outcome { message = Failure(error).bytes }
    if let failure = try allGather(message).first(where: { !$0.isEmpty }) { throw Failure(bytes: failure) }
    return try outcome.get()
  }
}
