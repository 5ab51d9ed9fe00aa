import Communication

/// What a ``Trainer`` makes small: a loss of some parameters, the mean over the rows of a minibatch.
///
/// A problem tells which values of a row are fetched, and the loss and gradient of the rows of a step. The trainer draws
/// the rows, brings them to the ranks that need them, and takes the steps. A problem may keep the working memory of its
/// steps, which then belongs to one thread.
public protocol TrainingProblem {
  /// The rows of all ranks.
  var rows: DistributedRows { get }
  /// The global rows that minibatches are drawn from, the same on all ranks; nil, the default, for all.
  var trainingRows: [Int]? { get }
  /// The number of values that are fetched for a row.
  var rowWidth: Int { get }
  /// The number of blocks of a minibatch from which on ranks share the work of a step.
  ///
  /// A small step takes less time than a reduction may: then one rank does the steps of a whole window and gives what
  /// came of them to the others. Results have the same bits either way. The default of 32 blocks is about a millisecond
  /// for networks of some hundred parameters.
  var sharedBlockCount: Int { get }

  /// Gives the copy of the values of a chunk's rows.
  ///
  /// It is called at most once for each chunk of this rank and window, in ascending order, and must not communicate;
  /// what it gives is not used after the next call.
  ///
  /// - Throws: a failure to read the rows.
  func rowCopy(chunk: Int) throws -> MinibatchWindow.RowCopy

  /// The mean loss over a minibatch and its gradient in the parameters, the same on all ranks that share the step.
  ///
  /// - Parameters:
  ///   - parameters: as many as the trainer was given.
  ///   - averages: what steps bring up to date beside the parameters, such as ``Network/averages``.
  /// - Throws: a failure of a sum over blocks.
  func lossGradient(
    of minibatch: Minibatch, parameters: [Double], averages: inout [Double]
  ) throws -> LossGradient
}

extension TrainingProblem {
  public var trainingRows: [Int]? { nil }
  public var sharedBlockCount: Int { 32 }
}

/// A problem whose loss is a sum over rows, each of which is judged alone: what networks without batch normalisation and
/// dropout have. The others take a ``NetworkPass`` over the minibatch's blocks.
public protocol RowwiseProblem: TrainingProblem {
  /// Adds the gradient of a block's part of the mean loss to `gradient`.
  ///
  /// It must not communicate.
  ///
  /// - Parameter gradient: as many numbers as there are parameters.
  /// - Returns: the block's part of the mean loss: the sum of its rows' losses / `minibatch.rowCount`.
  func addGradient(
    ofBlock block: Int, of minibatch: Minibatch, parameters: UnsafePointer<Double>,
    to gradient: UnsafeMutablePointer<Double>
  ) -> Double
}

extension RowwiseProblem {
  public func lossGradient(
    of minibatch: Minibatch, parameters: [Double], averages: inout [Double]
  ) throws -> LossGradient {
    try parameters.withUnsafeBufferPointer { parameters in
      try minibatch.blocks.sum(LossGradient(parameterCount: parameters.count)) { partial, block in
        partial.loss = partial.withGradient {
          addGradient(ofBlock: block, of: minibatch, parameters: parameters.baseAddress!, to: $0)
        }
      }
    }
  }
}
