/// What the rank of a unit tells the others of it under an arm, as numbers: coordinates and outcomes, from which each makes
/// the cell. A cell itself is three times as long.
extension ChunkCells {
  func append(_ row: Int, _ arm: Int, to message: inout [Double]) throws {
    message += [Double(block.units.lowerBound + row), Double(arm)]
    try withCoordinates(row, arm) { c in
      message += [c.residual, Double(c.observed)]
      message += UnsafeBufferPointer(start: c.values, count: models.arms[arm].width)
    }
    for cell in 0..<models.problem.beforeCount { message.append(block.observed(row, cell)) }
    let observed = observedOutcomes(row, arm)
    message += observed
    if isOwn(row, arm) { message += UnsafeBufferPointer(start: ownOutcomes(row).values, count: observed.count) }
  }
}

extension TargetCell {
  /// The cells of a message, but those of donors under their own arms that are known.
  static func cells(
    _ message: [Double], _ models: ArmModels, known: (_ unit: Int, _ arm: Int) -> TargetCell?
  ) -> [TargetCell] {
    var cells: [TargetCell] = []
    var rest = message[...]
    func next(_ count: Int) -> [Double] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    while !rest.isEmpty {
      let head = next(4)
      let (unit, arm) = (Int(head[0]), Int(head[1]))
      let model = models.arms[arm]
      let coordinates = next(model.width)
      let (before, observed) = (next(model.beforeCount), next(model.path.rows))
      let isOwn = models.problem.donorArms[unit] == arm
      let own = next(isOwn ? observed.count : 0)
      let made = {
        coordinates.withUnsafeBufferPointer { values in
          own.withUnsafeBufferPointer { own in
            TargetCell(
              model, TargetCoordinates(values: values.baseAddress!, residual: head[2], observed: Int(head[3])),
              unit: unit, arm: arm, own: isOwn ? OwnOutcomes(values: own.baseAddress!) : nil, before: before,
              observed: observed, isTrimmed: false)
          }
        }
      }
      cells.append(known(unit, arm) ?? made())
    }
    return cells
  }
}
