// Named scenarios on the ranks of an MPI job, for the tests of MPICommunication.
//
// usage: mpi-probe SCENARIO [STALL_TIMEOUT [LARGEST_MESSAGE]]
import Communication
import Diagnostics
import Glibc
import MPICommunication
import TestSupport

let arguments = CommandLine.arguments
let scenario = arguments[1]
let stallTimeout = arguments.count > 2 ? Double(arguments[2])! : 60
let largestMessage = arguments.count > 3 ? Int(arguments[3])! : Int(Int32.max)

func perform(_ communicator: any Communicator) throws -> String {
  let last = communicator.size - 1
  let isLast = communicator.rank == last
  switch scenario {
  case "sum": return try Scenario.sum(communicator)
  case "split": return try Scenario.split(communicator)
  case "large": return try Scenario.large(communicator)
  case "fetch": return try Scenario.fetch(communicator)
  case "gather": return try Scenario.gather(communicator)
  case "size": return "\(communicator.size) ranks, \(MPIEnvironment.libraryVersion)"
  case "agreed-failure": try communicator.agree { if isLast { throw Failure(.noInput, "no such file") } }
  case "same-failure": throw Failure(.usage, "no such option")
  case "lone-failure":
    if isLast { throw Failure(.data, "bad row") }
    try communicator.barrier()
  case "group-failure":
    let group = try communicator.split(color: isLast ? 1 : 0)
    if !isLast { try group.agree { throw Failure(.data, "bad group") } }
    try communicator.barrier()
  case "truncated":
    var bytes = [UInt8](repeating: 0, count: isLast ? 8 : 4)
    if isLast { try bytes.withUnsafeBytes { try communicator.send($0, to: 0) } }
    if communicator.isRoot { try bytes.withUnsafeMutableBytes { try communicator.receive(into: $0, from: last) } }
    try communicator.barrier()
  case "killed":
    if isLast { raise(SIGKILL) }
    try communicator.barrier()
  case "stopped":
    if isLast { raise(SIGSTOP) }
    try communicator.barrier()
  case "busy":
    if isLast { sleep(4) }
    try communicator.barrier()
  default: throw Failure(.usage, "no scenario \(scenario)")
  }
  return "done"
}

exit(
  MPIJob.run(stallTimeout: stallTimeout, largestMessage: largestMessage) { communicator in
    let result = try perform(communicator)
    if communicator.isRoot { print(result) }
  })
