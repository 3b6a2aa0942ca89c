"""End-to-end streaming: file to file, generator to file, and a pipeline of two machines.

Run it with `python examples/end_to_end_streaming.py [--out DIR]`. All files are made in DIR, by
default a fresh temporary folder, whose place is printed at the end.
"""

import argparse
import asyncio
import json
import tempfile
from contextlib import chdir
from pathlib import Path

from statepipe import AsyncSimpleFSM


def create_streaming_fsm_config():
    """
    Create an FSM configuration that processes streaming data.

    Processing stages:
    1. Input → Validate: Check data validity
    2. Validate → Enrich/Error: Route based on validation
    3. Enrich → Categorize: Add calculated fields
    4. Categorize → Output: Final transformation and classification
    """
    config = {
        'name': 'StreamingProcessor',
        'main_network': 'main',
        'networks': [{
            'name': 'main',
            'states': [
                {
                    'name': 'input',
                    'is_start': True
                },
                {
                    'name': 'validate',
                    'functions': {
                        'transform': {
                            'type': 'inline',
                            'code': """lambda state: {
                                **state.data,
                                'valid': state.data.get('value') is not None
                                        and state.data.get('value') >= 0
                            }"""
                        }
                    }
                },
                {
                    'name': 'enrich',
                    'functions': {
                        'transform': {
                            'type': 'inline',
                            'code': """lambda state: {
                                'id': state.data['id'],
                                'original_value': state.data['value'],
                                'doubled_value': state.data['value'] * 2,
                                'squared_value': state.data['value'] ** 2,
                                'category': state.data['category'],
                                'status': 'enriched'
                            }"""
                        }
                    }
                },
                {
                    'name': 'categorize',
                    'functions': {
                        'transform': {
                            'type': 'inline',
                            'code': """lambda state: {
                                **state.data,
                                'value_tier': 'high' if state.data['original_value'] > 5000
                                            else 'medium' if state.data['original_value'] > 1000
                                            else 'low',
                                'status': 'processed',
                                'risk_score': min(100, state.data['squared_value'] / 100)
                            }"""
                        }
                    }
                },
                {
                    'name': 'output',
                    'is_end': True
                },
                {
                    'name': 'error',
                    'is_end': True
                }
            ],
            'arcs': [
                {'from': 'input', 'to': 'validate'},
                {
                    'from': 'validate',
                    'to': 'enrich',
                    'condition': {
                        'type': 'inline',
                        'code': "lambda state: state.data.get('valid', True)"
                    }
                },
                {
                    'from': 'validate',
                    'to': 'error',
                    'condition': {
                        'type': 'inline',
                        'code': "lambda state: not state.data.get('valid', True)"
                    }
                },
                {'from': 'enrich', 'to': 'categorize'},
                {'from': 'categorize', 'to': 'output'}
            ]
        }]
    }

    return config


async def example_file_to_file_streaming():
    """Stream from file to file with FSM processing."""

    # Create FSM configuration
    config = create_streaming_fsm_config()

    # Initialize FSM
    fsm = AsyncSimpleFSM(config)

    # Process with streaming enabled
    results = await fsm.process_stream(
        source='input.jsonl',
        sink='output.jsonl',
        chunk_size=10,  # Process 10 records at a time
        use_streaming=True,  # Enable memory-efficient streaming
        on_progress=lambda p: print(f"Processed {p.records_processed} records...")
    )

    print(f"Streaming complete!")
    print(f"Total records: {results.get('total_records', 0)}")
    print(f"Successful: {results.get('successful', 0)}")
    print(f"Failed: {results.get('failed', 0)}")


async def generate_streaming_data(count: int = 1000, chunk_size: int = 100):
    """
    Simulate a streaming data source.

    In production, this could be:
    - Real-time API data
    - Message queue consumption
    - IoT sensor streams
    - Database change streams
    """
    for i in range(0, count, chunk_size):
        chunk_data = []
        for j in range(min(chunk_size, count - i)):
            record = {
                'id': i + j,
                'value': (i + j) * 10,
                'category': f'cat_{(i + j) % 5}',
                'status': 'pending'
            }
            chunk_data.append(record)

        # Yield records one by one for streaming
        for record in chunk_data:
            yield record

        # Simulate processing delay
        await asyncio.sleep(0.01)


async def example_generator_to_file_streaming():
    """Process real-time data stream."""

    config = create_streaming_fsm_config()
    fsm = AsyncSimpleFSM(config)

    # Process streaming data
    results = await fsm.process_stream(
        source=generate_streaming_data(count=50, chunk_size=10),
        sink='realtime_output.jsonl',
        chunk_size=5,
        on_progress=lambda p: print(f"Streamed {p.records_processed} records...")
    )

    print(f"Real-time processing complete!")


async def example_pipeline_streaming():
    """Multi-stage pipeline with streaming."""

    # Stage 1: Data cleaning
    stage1_config = {
        'name': 'DataCleaner',
        'main_network': 'main',
        'networks': [{
            'name': 'main',
            'states': [
                {'name': 'input', 'is_start': True},
                {
                    'name': 'clean',
                    'functions': {
                        'transform': {
                            'type': 'inline',
                            'code': """lambda state: {
                                'id': state.data['id'],
                                'value': max(0, state.data.get('value', 0)),
                                'category': state.data.get('category', '').upper(),
                                'timestamp': __import__('time').time()
                            }"""
                        }
                    }
                },
                {'name': 'output', 'is_end': True}
            ],
            'arcs': [
                {'from': 'input', 'to': 'clean'},
                {'from': 'clean', 'to': 'output'}
            ]
        }]
    }

    # Stage 2: Processing FSM
    stage2_config = create_streaming_fsm_config()

    # Stage 1: Clean data
    stage1_fsm = AsyncSimpleFSM(stage1_config)
    stage1_results = await stage1_fsm.process_stream(
        source=generate_streaming_data(count=30, chunk_size=10),
        sink='stage1_output.jsonl',
        chunk_size=5
    )

    # Stage 2: Process cleaned data
    stage2_fsm = AsyncSimpleFSM(stage2_config)
    stage2_results = await stage2_fsm.process_stream(
        source='stage1_output.jsonl',
        sink='final_output.jsonl',
        chunk_size=5,
        use_streaming=True
    )

    print(f"Pipeline complete!")


def write_input_file(path: Path, count: int = 100) -> None:
    """Write `count` records as JSON lines; 1 in 20 has a negative value, 1 in 25 has none."""
    with path.open("w", encoding="utf-8") as file:
        for i in range(count):
            record = {"id": i, "value": i * 100, "category": f"cat_{i % 5}"}
            if i % 20 == 7:
                record["value"] = -i
            elif i % 25 == 13:
                del record["value"]
            file.write(json.dumps(record) + "\n")


async def run_examples() -> None:
    """Run the three examples in the current folder."""
    write_input_file(Path("input.jsonl"))
    print("== File to file ==")
    await example_file_to_file_streaming()
    print("\n== Generator to file ==")
    await example_generator_to_file_streaming()
    print("\n== Pipeline of two machines ==")
    await example_pipeline_streaming()


def print_files(folder: Path) -> None:
    """Print each file of `folder` with its number of lines."""
    print(f"\nThe files are in {folder}:")
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            print(f"  {path}  ({sum(1 for _ in file)} records)")


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the three streaming examples.")
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder for all files")
    chosen = parser.parse_args().out
    folder = Path(chosen or tempfile.mkdtemp(prefix="statepipe-demo-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with chdir(folder):
        asyncio.run(run_examples())
    print_files(folder)


if __name__ == "__main__":
    main()
