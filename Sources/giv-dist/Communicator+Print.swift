import Communication

extension Communicator {
  /// Prints what rank 0 alone makes, as of an input that is one stream, while the others wait. Collective.
  ///
  /// - Throws: on all ranks what making it threw.
  func printFromRoot(_ text: () throws -> String) throws {
    let made = try broadcast(text)
    if isRoot { print(made) }
  }
}
