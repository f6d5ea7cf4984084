"""The platform from Python, under the class names of the source document on continuous learning.

Every name of the document is importable from here; each class stands in the module of its part of the pipeline. They
are thin: each calls what the assets, the checks or the command line run, so no rule and no number is made here.
"""

from credit_platform.facades.config import Config as Config
from credit_platform.facades.config import FeatureConfig as FeatureConfig
from credit_platform.facades.features import FeatureEngineer as FeatureEngineer
from credit_platform.facades.features import FeatureStoreManager as FeatureStoreManager
from credit_platform.facades.features import FeatureStoreUtils as FeatureStoreUtils
from credit_platform.facades.features import FeatureValidator as FeatureValidator
from credit_platform.facades.ingestion import DatabaseUtils as DatabaseUtils
from credit_platform.facades.ingestion import DataIngestionPipeline as DataIngestionPipeline
from credit_platform.facades.ingestion import DataQualityChecker as DataQualityChecker
from credit_platform.facades.ingestion import FileUtils as FileUtils
from credit_platform.facades.ingestion import ValidationUtils as ValidationUtils
from credit_platform.facades.labels import ChurnLabeler as ChurnLabeler
from credit_platform.facades.labels import LabelQualityChecker as LabelQualityChecker
from credit_platform.facades.monitoring import AlertManager as AlertManager
from credit_platform.facades.monitoring import DriftDetector as DriftDetector
from credit_platform.facades.monitoring import ModelMonitor as ModelMonitor
from credit_platform.facades.monitoring import PerformanceTracker as PerformanceTracker
from credit_platform.facades.orchestrator import MLPipelineOrchestrator as MLPipelineOrchestrator
from credit_platform.facades.training import Comparison as Comparison
from credit_platform.facades.training import DateUtils as DateUtils
from credit_platform.facades.training import ModelComparator as ModelComparator
from credit_platform.facades.training import ModelTrainer as ModelTrainer
from credit_platform.facades.training import ModelUtils as ModelUtils
from credit_platform.facades.training import ModelValidator as ModelValidator
