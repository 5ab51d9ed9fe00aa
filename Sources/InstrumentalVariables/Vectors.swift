/// Σ a_i b_i, in order.
func dot(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count, "vectors of a product are of one length")
  var sum = 0.0
  for i in a.indices { sum += a[i] * b[i] }
  return sum
}
