// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "giv-dist",
  products: [
    .executable(name: "giv-dist", targets: ["giv-dist"]),
    .library(
      name: "MetaEM",
      targets: [
        "CausalGraphs", "Communication", "ControlFunction", "Diagnostics", "Effects", "Frames",
        "InterventionalSampling", "MetaEM", "MPICommunication", "Pages", "Panels", "Reports", "Runs", "Shards",
        "SyntheticInterventions",
        "SyntheticPotentialOutcomes",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // What stands on what: a target depends on lower floors alone, which PackageTests checks.

    // MARK: Floor 0: foreign libraries, the C kernels and the commit
    .systemLibrary(name: "COpenMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CMalloc"),
    .target(name: "CKernels"),
    .plugin(name: "CommitStamp", capability: .buildTool()),
    .target(name: "Commit", plugins: ["CommitStamp"]),

    // MARK: Floor 1: errors
    .target(name: "Diagnostics"),

    // MARK: Floor 2: numbers, ranks and files
    .target(name: "LinearAlgebra", dependencies: ["COpenBLAS", "CKernels", "Diagnostics"]),
    .target(name: "Communication", dependencies: ["Diagnostics"]),
    .target(name: "Storage", dependencies: ["CHDF5", "COpenSSL", "CZlib", "Diagnostics"]),

    // MARK: Floor 3: columns, distributions and MPI
    .target(name: "MPICommunication", dependencies: ["COpenMPI", "Communication", "Diagnostics"]),
    .target(name: "Statistics", dependencies: ["LinearAlgebra"]),
    .target(name: "Frames", dependencies: ["Communication", "Diagnostics", "LinearAlgebra", "Storage"]),
    .target(name: "Networks", dependencies: ["Communication", "Diagnostics", "LinearAlgebra"]),

    // MARK: Floor 4: what stands on columns and knows no estimator
    .target(
      name: "Shards", dependencies: ["Communication", "Diagnostics", "Frames", "LinearAlgebra", "Storage"]),
    .target(name: "Runs", dependencies: ["Communication", "Diagnostics", "Frames", "LinearAlgebra", "Storage"]),
    .target(name: "Features", dependencies: ["Diagnostics", "Frames", "LinearAlgebra"]),
    .target(name: "Regression", dependencies: ["Communication", "LinearAlgebra", "Statistics"]),

    // MARK: Floor 5: mixtures, instruments and panels
    .target(
      name: "Mixture",
      dependencies: [
        "Communication", "Diagnostics", "Features", "Frames", "LinearAlgebra", "Regression", "Runs", "Statistics",
      ]),
    .target(
      name: "InstrumentalVariables",
      dependencies: ["Communication", "Diagnostics", "Frames", "LinearAlgebra", "Regression", "Statistics"]),

    .target(
      name: "NonparametricIV",
      dependencies: ["Communication", "Diagnostics", "Features", "LinearAlgebra", "Networks", "Regression", "Runs"]),

    .target(
      name: "Panels",
      dependencies: ["Communication", "Diagnostics", "Frames", "LinearAlgebra", "Shards", "Storage"]),

    .target(name: "CausalGraphs", dependencies: ["Diagnostics"]),

    // MARK: Floor 6: estimators that stand alone, and data from elsewhere
    .target(name: "Import", dependencies: ["Diagnostics", "Frames", "Panels", "Shards", "Storage"]),
    .target(
      name: "ControlFunction",
      dependencies: [
        "Communication", "Diagnostics", "Features", "Frames", "InstrumentalVariables", "LinearAlgebra", "Mixture",
        "Regression", "Runs", "Statistics",
      ]),

    .target(
      name: "Effects",
      dependencies: [
        "Communication", "Diagnostics", "Features", "Frames", "InstrumentalVariables", "LinearAlgebra", "Mixture",
        "Networks", "NonparametricIV", "Regression", "Runs", "Statistics", "Storage",
      ]),

    .target(
      name: "SyntheticPotentialOutcomes",
      dependencies: [
        "Communication", "Diagnostics", "Frames", "LinearAlgebra", "Runs", "Statistics", "Storage",
      ]),

    .target(
      name: "InterventionalSampling",
      dependencies: [
        "CausalGraphs", "Communication", "Diagnostics", "Features", "Frames", "LinearAlgebra", "Networks", "Regression",
        "Runs",
        "Statistics", "Storage",
      ]),

    .target(
      name: "SyntheticInterventions",
      dependencies: [
        "Communication", "Diagnostics", "Frames", "LinearAlgebra", "Panels", "Regression", "Runs", "Statistics",
        "Storage",
      ]),

    // MARK: Floor 7: Meta-EM, which may end in the control function, and simulated data
    .target(
      name: "Simulation",
      dependencies: [
        "CausalGraphs", "Communication", "Diagnostics", "Frames", "Import", "InterventionalSampling", "LinearAlgebra",
        "Panels", "Runs", "Shards", "Storage",
      ]),
    .target(
      name: "MetaEM",
      dependencies: [
        "Communication", "ControlFunction", "Diagnostics", "Effects", "Features", "Frames", "LinearAlgebra", "Mixture",
        "Networks", "Runs", "Shards", "Statistics", "Storage",
      ]),

    // MARK: Floor 8: the paper's experiments
    .target(
      name: "Reproduction",
      dependencies: [
        "Communication", "ControlFunction", "Diagnostics", "Effects", "Features", "Frames", "LinearAlgebra", "MetaEM",
        "Mixture", "NonparametricIV", "Runs", "Simulation", "Storage",
      ]),

    // MARK: Floor 9: reports
    .target(
      name: "Reports",
      dependencies: [
        "CausalGraphs", "ControlFunction", "Diagnostics", "Effects", "Features", "InstrumentalVariables",
        "InterventionalSampling", "MetaEM", "Mixture", "NonparametricIV", "Panels", "Reproduction", "Statistics",
        "Storage", "SyntheticInterventions", "SyntheticPotentialOutcomes",
      ]),

    // MARK: Floor 10: pages
    .target(name: "Pages", dependencies: ["Diagnostics", "Reports", "Storage"]),

    // MARK: Floor 11: the command line
    .executableTarget(
      name: "giv-dist",
      dependencies: [
        "CausalGraphs", "CMalloc", "Commit", "Communication", "ControlFunction", "Diagnostics", "Effects", "Features",
        "Frames", "Import", "InterventionalSampling", "LinearAlgebra", "MetaEM", "Mixture", "MPICommunication",
        "NonparametricIV", "Pages", "Panels", "Reports", "Reproduction", "Runs", "Shards", "Simulation", "Storage",
        "SyntheticInterventions",
        "SyntheticPotentialOutcomes",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Yams", package: "Yams"),
      ]),

    // MARK: Tests
    .target(name: "TestSupport", dependencies: ["Communication", "Diagnostics"], path: "Tests/Support"),
    .executableTarget(
      name: "mpi-probe", dependencies: ["Communication", "Diagnostics", "MPICommunication", "TestSupport"],
      path: "Tests/Probe"),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["CKernels", "Diagnostics", "LinearAlgebra", "TestSupport"]),
    .testTarget(
      name: "CausalGraphsTests", dependencies: ["CausalGraphs", "Diagnostics", "TestSupport"], exclude: ["Fixtures"]),
    .testTarget(
      name: "InterventionalSamplingTests",
      dependencies: [
        "CausalGraphs", "Communication", "Diagnostics", "Frames", "InterventionalSampling", "LinearAlgebra", "Runs",
        "Statistics", "TestSupport",
      ]),
    .testTarget(name: "StatisticsTests", dependencies: ["LinearAlgebra", "Statistics", "TestSupport"]),
    .testTarget(
      name: "CommunicationTests", dependencies: ["Communication", "Diagnostics", "TestSupport", "mpi-probe"]),
    .testTarget(name: "StorageTests", dependencies: ["Diagnostics", "Storage", "TestSupport"]),
    .testTarget(
      name: "FramesTests",
      dependencies: ["Communication", "Diagnostics", "Frames", "LinearAlgebra", "Storage", "TestSupport"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "ShardsTests",
      dependencies: ["Communication", "Diagnostics", "Frames", "LinearAlgebra", "Shards", "Storage", "TestSupport"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "PanelsTests",
      dependencies: [
        "Communication", "Diagnostics", "Frames", "Import", "Panels", "Shards", "Simulation", "Storage", "TestSupport",
      ]),
    .testTarget(
      name: "ImportTests",
      dependencies: ["Communication", "Diagnostics", "Frames", "Import", "Shards", "Storage", "TestSupport"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "SimulationTests",
      dependencies: [
        "Communication", "Diagnostics", "Frames", "LinearAlgebra", "Shards", "Simulation", "Storage", "TestSupport",
      ]),
    .testTarget(
      name: "RegressionTests",
      dependencies: ["Communication", "LinearAlgebra", "Regression", "Statistics", "TestSupport"]),
    .testTarget(
      name: "InstrumentalVariablesTests",
      dependencies: [
        "Communication", "Diagnostics", "Frames", "InstrumentalVariables", "LinearAlgebra", "Regression", "Statistics",
        "TestSupport",
      ]),
    .testTarget(
      name: "NonparametricIVTests",
      dependencies: [
        "Communication", "Diagnostics", "LinearAlgebra", "Networks", "NonparametricIV", "Runs", "TestSupport",
      ]),
    .testTarget(
      name: "EffectsTests",
      dependencies: [
        "Communication", "ControlFunction", "Diagnostics", "Effects", "Features", "Frames", "InstrumentalVariables",
        "LinearAlgebra", "Mixture", "NonparametricIV", "Simulation", "TestSupport",
      ]),
    .testTarget(
      name: "SyntheticPotentialOutcomesTests",
      dependencies: [
        "Communication", "Diagnostics", "Frames", "LinearAlgebra", "Runs", "Simulation", "Statistics",
        "SyntheticPotentialOutcomes", "TestSupport",
      ]),
    .testTarget(
      name: "SyntheticInterventionsTests",
      dependencies: [
        "Communication", "Diagnostics", "Frames", "LinearAlgebra", "Panels", "Runs", "Statistics", "Storage",
        "SyntheticInterventions", "TestSupport",
      ], exclude: ["Fixtures"]),
    .testTarget(
      name: "FeaturesTests",
      dependencies: ["Communication", "Diagnostics", "Features", "Frames", "LinearAlgebra", "TestSupport"]),
    .testTarget(
      name: "NetworksTests",
      dependencies: ["Communication", "Diagnostics", "LinearAlgebra", "Networks", "TestSupport"]),
    .target(
      name: "ModelTestSupport",
      dependencies: [
        "Communication", "Diagnostics", "Frames", "LinearAlgebra", "MetaEM", "Mixture", "Shards", "Simulation",
        "TestSupport",
      ], path: "Tests/ModelSupport"),
    .testTarget(
      name: "RunsTests",
      dependencies: ["Communication", "Diagnostics", "Frames", "LinearAlgebra", "Runs", "Storage", "TestSupport"]),
    .testTarget(
      name: "MixtureTests",
      dependencies: [
        "Communication", "Diagnostics", "Features", "Frames", "LinearAlgebra", "Mixture", "ModelTestSupport",
        "Runs", "Statistics", "TestSupport",
      ]),
    .testTarget(
      name: "ControlFunctionTests",
      dependencies: [
        "Communication", "ControlFunction", "Diagnostics", "Frames", "LinearAlgebra", "MetaEM", "Mixture",
        "Features", "Runs", "Simulation", "TestSupport",
      ]),
    .testTarget(
      name: "MetaEMTests",
      dependencies: [
        "Communication", "ControlFunction", "Diagnostics", "Features", "Frames", "LinearAlgebra", "MetaEM", "Mixture",
        "ModelTestSupport", "Reports", "Runs", "Shards", "Simulation", "TestSupport",
      ]),
    .testTarget(
      name: "ReportsTests",
      dependencies: [
        "Communication", "Diagnostics", "Effects", "Features", "Frames", "LinearAlgebra", "MetaEM", "Mixture",
        "ModelTestSupport", "Reports", "Simulation", "TestSupport",
      ], exclude: ["Snapshots"]),
    .testTarget(name: "PagesTests", dependencies: ["Diagnostics", "Pages", "Reports", "TestSupport"]),
    .testTarget(
      name: "ReproductionTests",
      dependencies: [
        "Communication", "Diagnostics", "NonparametricIV", "Reproduction", "Simulation", "TestSupport",
      ]),
    .testTarget(name: "PackageTests", dependencies: ["Diagnostics", "TestSupport"]),
    .testTarget(
      name: "CommandTests", dependencies: ["Diagnostics", "TestSupport", "giv-dist"], exclude: ["Help", "refusals.py"]),
  ],
  swiftLanguageModes: [.v6]
)

// A warning is an error on the one compiler that the gate knows: our targets, not those of other packages.
for target in package.targets where ![.system, .plugin].contains(target.type) {
  target.swiftSettings = [.treatAllWarnings(as: .error)]
  // Its time goes into the programs that it runs: making it fast would take minutes of every build and save nothing.
  if target.name == "CommandTests" { target.swiftSettings?.append(.unsafeFlags(["-Onone"])) }
}
