import Diagnostics

extension Communicator {
  /// Whether this is the rank that prints and writes for all.
  public var isRoot: Bool { rank == 0 }

  /// Runs `body` on every rank and goes on only if it succeeded on all. Collective: one small message per rank.
  ///
  /// What may fail on one rank alone, such as reading its files, belongs in `body`: without agreement the other ranks
  /// would wait for the failed one in their next call. `body` itself must not communicate.
  ///
  /// - Returns: what `body` returned on this rank.
  /// - Throws: on all ranks the same ``Failure``, that of the lowest rank that failed; other errors become a
  ///   `.numerical` failure with their description.
  public func agree<Value>(_ body: () throws -> Value) throws -> Value {
    let outcome = Result(catching: body)
    var message: [UInt8] = []
    if case .failure(let error) = outcome { message = Failure(error).bytes }
    if let failure = try allGather(message).first(where: { !$0.isEmpty }) { throw Failure(bytes: failure) }
    return try outcome.get()
  }
}
