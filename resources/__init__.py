"""With what the assets work: settings, lake, model endpoint, review database."""

from resources.lake import LakeResource
from resources.model import ModelResource
from resources.review import ReviewResource
from resources.settings import SettingsResource

__all__ = ["LakeResource", "ModelResource", "ReviewResource", "SettingsResource"]
