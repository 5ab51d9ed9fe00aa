import Communication
import Networks

/// A training on the rows of a regression: minibatches come from those that do not judge.
package protocol StructuralProblem: TrainingProblem {
  associatedtype Source: StructuralRows
  var data: NetworkRows<Source> { get }
}

extension StructuralProblem {
  package var rows: DistributedRows { data.rows }
  package var trainingRows: [Int]? { data.training }
  package var rowWidth: Int { data.columns.count }
  /// Ranks always share a step: with ten thousand parameters one takes longer than their reduction, and to give an epoch's
  /// parameters and moments to the other ranks takes longer still.
  package var sharedBlockCount: Int { 1 }

  package func rowCopy(chunk: Int) throws -> MinibatchWindow.RowCopy { try data.rowCopy(chunk: chunk) }
}
