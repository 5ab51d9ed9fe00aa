/// The job of a batch system that a process is part of.
struct BatchJob: CustomStringConvertible {
  /// As people name it, such as `Slurm job 12 (restart 2)`.
  let description: String

  /// - Returns: nil outside a job of Slurm, PBS, Grid Engine or LSF, which set these variables.
  init?(_ variables: [String: String]) {
    let systems = [("Slurm", "SLURM_JOB_ID"), ("PBS", "PBS_JOBID"), ("Grid Engine", "JOB_ID"), ("LSF", "LSB_JOBID")]
    guard
      let (system, number) = systems.lazy.compactMap({ name, key in variables[key].map { (name, $0) } }).first
    else { return nil }
    // Only Slurm counts them; it does not set the variable at the first start.
    let restarts = system == "Slurm" ? variables["SLURM_RESTART_COUNT"].map { " (restart \($0))" } : nil
    description = "\(system) job \(number)\(restarts ?? "")"
  }
}
