# Fits the rows of regression.json with flexmix from given initial clusters, until nothing changes any more.
# Called by make_flexmix.py: Rscript make_flexmix.R ROWS.csv FIT.csv, columns of ROWS.csv: t, r1, r2, cluster (1..K).
suppressPackageStartupMessages(library(flexmix))
paths <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(paths[1])
fit <- flexmix(t ~ r1 + r2,
  data = rows, cluster = rows$cluster,
  control = list(tolerance = 0, iter.max = 5000, minprior = 0)
)
number <- function(value) sprintf("%.17g", value)
line <- function(name, values) paste(c(name, number(values)), collapse = ",")
estimates <- parameters(fit)
lines <- c(
  line("weights", prior(fit)),
  line("intercept", estimates["coef.(Intercept)", ]),
  line("r1", estimates["coef.r1", ]),
  line("r2", estimates["coef.r2", ]),
  line("sigma", estimates["sigma", ]),
  line("logLikelihood", as.numeric(logLik(fit))),
  line("bic", BIC(fit)),
  line("parameterCount", fit@df),
  paste("versions", as.character(getRversion()), as.character(packageVersion("flexmix")), sep = ","),
  apply(posterior(fit), 1, function(row) line("posterior", row))
)
writeLines(lines, paths[2])
