# Run once by the container of PostgreSQL when its data folder is new: a role and a database for each of its two clients.
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set dagster="$DAGSTER_PG_PASSWORD" --set mlflow="$MLFLOW_PG_PASSWORD" <<'SQL'
CREATE ROLE dagster LOGIN PASSWORD :'dagster';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow';
CREATE DATABASE dagster OWNER dagster;
CREATE DATABASE mlflow OWNER mlflow;
REVOKE CONNECT ON DATABASE dagster, mlflow FROM PUBLIC;
SQL
